import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Principal } from '../../kernel/principal.js';
import { Allow, Caller } from '../../platform/http/allow.js';
import { ExampleBodies, SortsBy } from '../../platform/http/documentation.js';
import { IfMatch } from '../../platform/http/etag.js';
import { Audited } from '../../platform/http/request-origin.js';
import { AnswersResource } from '../../platform/http/resource-headers.js';
import { Throws } from '../../platform/http/throws.js';
import { CreateDepartmentDto, DEPARTMENT_WRITABLE, DepartmentPageView, DepartmentView, ListDepartmentsDto, UpdateDepartmentDto } from './departments.dto.js';
import { DepartmentsService } from './departments.service.js';

const PATH = '/api/v1/departments';

@ApiTags('departments')
@Controller(PATH)
export class DepartmentsController {
  constructor(private readonly departments: DepartmentsService) {}

  /**
   * Gives a department settings. Agents and conversations may name any department: one without settings has those of the default
   * department, where there is one.
   */
  @Post()
  @Audited()
  @Allow('agents:write')
  @ExampleBodies({
    'Taken back after a minute, closed after a day': { name: 'support', assignment_timeout_seconds: 60, inactivity_close_seconds: 86400 },
    'For agents with a skill, and for all departments without settings': { name: 'billing', skills: ['billing'], is_default: true },
  })
  @AnswersResource({ location: PATH, etagFields: DEPARTMENT_WRITABLE })
  @Throws('department.name_taken')
  create(@Caller() caller: Principal, @Body() input: CreateDepartmentDto): Promise<DepartmentView> {
    return this.departments.create(caller, input);
  }

  /** Lists the departments that have settings, the newest first. */
  @Get()
  @Allow('agents:read')
  @SortsBy('-created_at', 'created_at', '-name', 'name')
  list(@Caller() caller: Principal, @Query() filter: ListDepartmentsDto): Promise<DepartmentPageView> {
    return this.departments.list(caller, filter);
  }

  /** Gets the settings of a department. */
  @Get(':id')
  @Allow('agents:read')
  @AnswersResource({ etagFields: DEPARTMENT_WRITABLE })
  @Throws('department.not_found')
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<DepartmentView> {
    return this.departments.get(caller, id);
  }

  /**
   * Changes the settings of a department. Fields that the body leaves out stay as they are. Another name is that of other settings:
   * agents and conversations keep the name that they have.
   */
  @Put(':id')
  @Audited()
  @Allow('agents:write')
  @ExampleBodies({
    'In business hours, with a ticket for who comes outside of them': { business_hours_id: 'bhr_01k5x6j3q8v4m2n7p9r1s5t6w0', off_hours: 'ticket' },
    'More time to accept': { assignment_timeout_seconds: 90 },
    'Always open': { business_hours_id: null, off_hours: 'queue' },
  })
  @AnswersResource({ etagFields: DEPARTMENT_WRITABLE })
  @Throws('department.not_found', 'department.name_taken', 'request.precondition_failed')
  update(@Caller() caller: Principal, @Param('id') id: string, @Body() input: UpdateDepartmentDto, @IfMatch() ifMatch?: string): Promise<DepartmentView> {
    return this.departments.update(caller, id, input, ifMatch);
  }

  /** Takes the settings of a department away. Agents and conversations keep its name. */
  @Delete(':id')
  @Audited()
  @HttpCode(204)
  @Allow('agents:write')
  @Throws('department.not_found', 'request.precondition_failed')
  async delete(@Caller() caller: Principal, @Param('id') id: string, @IfMatch() ifMatch?: string): Promise<void> {
    await this.departments.delete(caller, id, ifMatch);
  }
}
