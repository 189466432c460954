import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { endOf, searchTerms, searchWords } from '../../kernel/search-terms.js';
import { addRows } from '../../platform/database/rows.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { VisitorEntity } from './visitor.entity.js';

const COLUMNS = ['visitor_id', 'kind', 'term', 'organization_id'] as const;
const FOUND = 'SELECT found.visitor_id FROM visitor_terms found WHERE found.organization_id = :organizationId';

/** Finds visitors by words and tags, along an index and in the same way on every database. */
@Injectable()
export class VisitorTerms {
  constructor(private readonly unitOfWork: UnitOfWork) {}

  async add(visitor: VisitorEntity): Promise<void> {
    const { id, organization_id, name, email, mobile, external_id, tags } = visitor;
    await addRows(this.unitOfWork, 'visitor_terms', COLUMNS, [
      ...searchTerms([name, email, mobile, external_id]).map((term) => [id, 'word', term, organization_id]),
      ...[...new Set(tags)].map((tag) => [id, 'tag', tag, organization_id]),
    ]);
  }

  async replace(visitor: VisitorEntity): Promise<void> {
    await this.remove(visitor.id);
    await this.add(visitor);
  }

  async remove(visitorId: string): Promise<void> {
    await this.unitOfWork.write('DELETE FROM visitor_terms WHERE visitor_id = ?', [visitorId]);
  }

  /** Confines a query for visitors, which has the parameter `organizationId`, to those of whom every word is the beginning of something. */
  whereFound(query: SelectQueryBuilder<VisitorEntity>, text: string): void {
    searchWords(text).forEach((word, index) => {
      query.andWhere(`${query.alias}.id IN (${FOUND} AND found.kind = 'word' AND found.term >= :word${index} AND found.term < :end${index})`, {
        [`word${index}`]: word, [`end${index}`]: endOf(word),
      });
    });
  }

  whereTagged(query: SelectQueryBuilder<VisitorEntity>, tag: string): void {
    query.andWhere(`${query.alias}.id IN (${FOUND} AND found.kind = 'tag' AND found.term = :tag)`, { tag });
  }
}
