import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiExtraModels, ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleBodies } from '../../platform/http/documentation.js';
import { Throws } from '../../platform/http/throws.js';
import { Board } from './board/board.js';
import { BoardView } from './board/board.dto.js';
import { PushView, PushedFigureDto } from './pushed/push.dto.js';
import { PushedFigures } from './pushed/pushed-figures.js';
import { MAX_FIGURES } from './pushed/read-pushed.js';
import { Rebuild } from './rebuild/rebuild.js';
import { RebuildView } from './rebuild/rebuild.dto.js';
import { toCsv } from './report/report-csv.js';
import { ReportQueryDto, ReportView } from './report/report.dto.js';
import { StatisticsReport } from './report/statistics-report.js';

const CSV = 'agent_id,category,total,success,abandoned\r\nagt_01k5x6j3q8v4m2n7p9r1s5t6w0,order,100,90,4\r\n';
const FIGURE = { $ref: getSchemaPath(PushedFigureDto) };

@ApiTags('statistics')
@Controller('/api/v1/statistics')
export class StatisticsController {
  constructor(
    private readonly reports: StatisticsReport,
    private readonly pushed: PushedFigures,
    private readonly board: Board,
    private readonly rebuilds: Rebuild,
  ) {}

  /**
   * Stores figures that another system has counted, one or an array of up to 1,000. All of them are stored or, when one has a
   * fault or is of what the caller may not see, none. What was pushed before for the same type and dimension is replaced.
   */
  @Post('push')
  @HttpCode(200)
  @Allow('statistics:write')
  @Throws('statistics.data_scope_exceeded')
  @ApiExtraModels(PushedFigureDto)
  @ApiBody({ schema: { oneOf: [FIGURE, { type: 'array', items: FIGURE, minItems: 1, maxItems: MAX_FIGURES }] } })
  @ExampleBodies({
    'One figure': { type: 'conversation', metrics: { total: 100, success: 90, avg_duration: 300 }, dimension: { date: '2023-10-26', agent_id: 'xxx' } },
    'Several': [
      { type: 'ticket', metrics: { total: 12 }, dimension: { date: '2026-03-01', category: 'order' } },
      { type: 'satisfaction', metrics: { avg_rating: 4.5 }, dimension: { date: '2026-03-01', department: 'support' } },
    ],
  })
  push(@Caller() caller: Principal, @Body() figures: PushedFigureDto | PushedFigureDto[]): Promise<PushView> {
    return this.pushed.push(caller, figures);
  }

  /**
   * Reports what the service itself has recorded. Conversations, tickets and ratings count in the moment in which the
   * conversation or ticket began, messages when they were sent, and the time of agents when it was spent.
   */
  @Get('report')
  @Allow('statistics:read')
  report(@Caller() caller: Principal, @Query() query: ReportQueryDto): Promise<ReportView> {
    return this.reports.of(caller, query);
  }

  /** The rows of a report as CSV; the first line names the columns. Texts that a spreadsheet would take for formulas begin with an apostrophe. */
  @Get('report.csv')
  @Allow('statistics:read')
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' }, example: CSV } } })
  async csv(@Caller() caller: Principal, @Query() query: ReportQueryDto, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${query.type}-${query.start_date}-${query.end_date}.csv"`);
    return toCsv(await this.reports.of(caller, query));
  }

  /** Shows the desk at this moment: who waits, for how long, and what each agent is at. */
  @Get('realtime')
  @Allow('statistics:read')
  realtime(@Caller() caller: Principal): Promise<BoardView> {
    return this.board.of(caller);
  }

  /** Counts everything anew from what is stored; one that runs already goes on. Reports can be asked for meanwhile. */
  @Post('rebuild')
  @HttpCode(202)
  @Allow('statistics:write')
  rebuild(@Caller() caller: Principal): Promise<RebuildView> {
    return this.rebuilds.begin(caller);
  }

  /** Tells how far the last rebuild is. */
  @Get('rebuild')
  @Allow('statistics:read')
  rebuildProgress(@Caller() caller: Principal): Promise<RebuildView> {
    return this.rebuilds.progress(caller);
  }
}
