import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../kernel/domain-error.js';
import { STATUS_OF_KIND } from '../../platform/http/problem.js';
import { ERROR_CODES, statusOf } from './error-codes.js';

const SRC = fileURLToPath(new URL('../../', import.meta.url));
/** What fails before or outside of our own code. */
const OUTSIDE = 'platform/http/problem.ts';

interface Thrown {
  code: string;
  status: number;
  where: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && path !== 'kernel/domain-error.ts')
  .map((path) => ({ path, source: ts.createSourceFile(path, readFileSync(SRC + path, 'utf8'), ts.ScriptTarget.Latest, true) }));

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

/** The texts that an expression can stand for: literals, a choice of them, or a constant of the same file. */
function textsOf(expression: ts.Expression, source: ts.SourceFile): string[] {
  if (ts.isStringLiteralLike(expression)) return [expression.text];
  if (ts.isConditionalExpression(expression)) return [...textsOf(expression.whenTrue, source), ...textsOf(expression.whenFalse, source)];
  if (ts.isIdentifier(expression)) {
    for (const node of nodesOf(source)) {
      if (ts.isVariableDeclaration(node) && node.name.getText() === expression.text && node.initializer !== undefined) return textsOf(node.initializer, source);
    }
  }
  throw new Error(`${source.fileName}: ${expression.getText()} is no text that can be read here; write the error code as one.`);
}

function thrownBy(node: ts.Node, source: ts.SourceFile, path: string): Thrown[] {
  const where = `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const callee = ts.isNewExpression(node) || ts.isCallExpression(node) ? node.expression.getText() : '';
  const args = ts.isNewExpression(node) || ts.isCallExpression(node) ? (node.arguments ?? []) : [];
  if (ts.isNewExpression(node) && callee === 'DomainError') {
    const [kind] = textsOf(args[0]!, source) as ErrorKind[];
    return textsOf(args[1]!, source).map((code) => ({ code, status: STATUS_OF_KIND[kind!], where }));
  }
  if (ts.isCallExpression(node) && callee === 'notFound') return textsOf(args[0]!, source).map((what) => ({ code: `${what}.not_found`, status: 404, where }));
  if (ts.isCallExpression(node) && callee === 'invalidField') return [{ code: 'request.invalid', status: 422, where }];
  return path === OUTSIDE && ts.isObjectLiteralExpression(node) ? outsideCode(node, where) : [];
}

/** `404: { code: 'route.not_found' }` or `{ status: 500, code: 'internal' }`. */
function outsideCode(literal: ts.ObjectLiteralExpression, where: string): Thrown[] {
  const valueOf = (name: string): ts.Expression | undefined => literal.properties.filter(ts.isPropertyAssignment).find((property) => property.name.getText() === name)?.initializer;
  const code = valueOf('code');
  if (code === undefined || !ts.isStringLiteral(code)) return [];
  const status = valueOf('status')?.getText() ?? (ts.isPropertyAssignment(literal.parent) ? literal.parent.name.getText() : '');
  return [{ code: code.text, status: Number(status), where }];
}

describe('the table of error codes', () => {
  const thrown = files.flatMap(({ path, source }) => [...nodesOf(source)].flatMap((node) => thrownBy(node, source, path)));

  it('has every code that is thrown, under the status that it is answered with', () => {
    const wrong = thrown.filter(({ code, status }) => ERROR_CODES[code] === undefined || statusOf(code) !== status);
    expect(wrong).toEqual([]);
  });

  it('has no code that nothing throws', () => {
    const codes = new Set(thrown.map(({ code }) => code));
    expect(Object.keys(ERROR_CODES).filter((code) => !codes.has(code))).toEqual([]);
  });
});

describe('the handlers', () => {
  const handlers = files
    .filter(({ path }) => path.endsWith('.controller.ts'))
    .flatMap(({ path, source }) => [...nodesOf(source)].filter(ts.isMethodDeclaration).map((method) => ({ name: `${path} ${method.name.getText()}`, method })));
  const decoratorsOf = (node: ts.HasDecorators): string => (ts.getDecorators(node) ?? []).map((decorator) => decorator.getText()).join(' ');

  it('throw only codes that the table knows', () => {
    for (const { name, method } of handlers) {
      const [, codes = ''] = /@Throws\(([^)]*)\)/.exec(decoratorsOf(method)) ?? [];
      const unknown = [...codes.matchAll(/'([^']+)'/g)].map(([, code]) => code!).filter((code) => ERROR_CODES[code] === undefined);
      expect(unknown, name).toEqual([]);
    }
  });

  it('name the 412 exactly where they take If-Match', () => {
    for (const { name, method } of handlers) {
      const takesIfMatch = method.parameters.some((parameter) => decoratorsOf(parameter).includes('@IfMatch()'));
      expect(decoratorsOf(method).includes("'request.precondition_failed'"), name).toBe(takesIfMatch);
    }
  });
});
