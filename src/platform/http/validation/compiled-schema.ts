import { getMetadataStorage } from 'class-validator';
import type { ValidationArguments, ValidatorConstraintInterface } from 'class-validator';
import { createRequire } from 'node:module';
import { excerpt } from '../../../kernel/domain-error.js';
import type { FieldError } from '../../../kernel/domain-error.js';
import { codePoints, coerce, coercionOf, isStorableText, hasAtMost } from './rules.js';

type Constructor = new (...args: never[]) => object;
type Values = Record<string, unknown>;

interface Rule {
  code: string;
  each: boolean;
  constraint: ValidatorConstraintInterface;
  constraints: unknown[];
  message: string | ((args: ValidationArguments) => string) | undefined;
}

interface Field {
  name: string;
  /** All must hold for the field to be looked at: IsOptional, ValidateIf. */
  conditions: ((object: Values, value: unknown) => boolean)[];
  rules: Rule[];
  nested: { schema: CompiledSchema; each: boolean } | null;
  coercion: ReturnType<typeof coercionOf>;
}

interface TypeMetadata {
  typeFunction: () => Constructor;
}

/**
 * Lengths are counted in code points, as the database counts them. class-validator leaves variation selectors out, so
 * that a text could pass here and not fit into its column.
 */
const LENGTH_RULES: Record<string, (text: string, bound: number) => boolean> = {
  minLength: (text, min) => text.length >= 2 * min || codePoints(text) >= min,
  maxLength: (text, max) => hasAtMost(max, text),
};

function constraintOf(name: string, given: ValidatorConstraintInterface): ValidatorConstraintInterface {
  const fits = LENGTH_RULES[name];
  if (fits === undefined) return given;
  return {
    validate: (value: unknown, args) => typeof value === 'string' && fits(value, args!.constraints[0] as number),
    defaultMessage: (args) => given.defaultMessage!(args),
  };
}

/** `@Type` of class-transformer names the class of nested objects; reading it is all that is used of that library. */
const { defaultMetadataStorage } = createRequire(import.meta.url)('class-transformer/cjs/storage') as {
  defaultMetadataStorage: { findTypeMetadata(target: Function, property: string): TypeMetadata | undefined };
};

/**
 * The rules of a DTO class, read once from class-validator's metadata and then run as plain function calls:
 * the same rules and messages, at about a tenth of the cost of class-transformer and class-validator.
 */
export class CompiledSchema {
  private readonly fields = new Map<string, Field>();

  private constructor(private readonly target: Constructor) {}

  private static readonly compiled = new Map<Constructor, CompiledSchema>();

  static of(target: Constructor): CompiledSchema {
    const known = CompiledSchema.compiled.get(target);
    if (known !== undefined) return known;
    const schema = new CompiledSchema(target);
    CompiledSchema.compiled.set(target, schema);
    schema.compile();
    return schema;
  }

  /** Copies the known fields into a new object of the class, and notes everything that is wrong. */
  read(input: unknown, path: string, errors: FieldError[]): object {
    const output = new this.target() as Values;
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      errors.push({ field: path, code: 'is_object', message: `${path === '' ? 'the body' : path} must be a JSON object` });
      return output;
    }
    const values = input as Values;
    for (const name of Object.keys(values)) {
      if (this.fields.has(name)) continue;
      const shown = excerpt(name);
      errors.push({ field: join(path, shown), code: 'unknown_field', message: `${shown} is not a field of this request` });
    }
    for (const field of this.fields.values()) {
      const value = field.coercion === undefined ? values[field.name] : coerce(field.coercion, values[field.name]);
      if (!field.conditions.every((condition) => condition(values, value))) {
        if (value !== undefined) output[field.name] = value;
        continue;
      }
      const before = errors.length;
      const read = readField(field, value, values, join(path, field.name), errors);
      if (errors.length === before) output[field.name] = read;
    }
    return output;
  }

  private compile(): void {
    const storage = getMetadataStorage();
    const all = storage.getTargetValidationMetadatas(this.target, '', false, false);
    for (const metadata of all) {
      const name = metadata.propertyName;
      // A class that declares a field of its parent anew replaces all rules of the parent, the conditions included.
      if (all.some(({ propertyName, target }) => propertyName === name && isSubclass(target, metadata.target))) continue;
      const field = this.fields.get(name) ?? { name, conditions: [], rules: [], nested: null, coercion: coercionOf(this.target, name) };
      this.fields.set(name, field);
      if (metadata.type === 'conditionalValidation') {
        field.conditions.push(metadata.constraints[0] as Field['conditions'][number]);
      } else if (metadata.type === 'nestedValidation') {
        field.nested = { schema: CompiledSchema.of(this.typeOf(name)), each: metadata.each };
      } else if (metadata.constraintCls !== undefined) {
        for (const { instance, name: constraintName } of storage.getTargetValidatorConstraints(metadata.constraintCls)) {
          // Decorators are stored from the last to the first; they are checked as they are read.
          field.rules.unshift({
            code: snakeCase(metadata.name ?? constraintName),
            each: metadata.each,
            constraint: constraintOf(metadata.name ?? constraintName, instance as ValidatorConstraintInterface),
            constraints: metadata.constraints ?? [],
            message: metadata.message as Rule['message'],
          });
        }
      }
    }
  }

  private typeOf(property: string): Constructor {
    const byTransformer = defaultMetadataStorage.findTypeMetadata(this.target, property)?.typeFunction();
    const byDesign = Reflect.getMetadata('design:type', this.target.prototype as object, property) as Constructor | undefined;
    const type = byTransformer ?? byDesign;
    if (type === undefined) throw new Error(`${this.target.name}.${property} needs @Type to name its class.`);
    return type;
  }
}

function readField(field: Field, value: unknown, object: Values, path: string, errors: FieldError[]): unknown {
  if (value === undefined) {
    errors.push({ field: path, code: 'required', message: `${field.name} is required` });
    return value;
  }
  // First, since some rules of class-validator throw on such text.
  const texts = Array.isArray(value) ? value : [value];
  if (texts.some((text) => typeof text === 'string' && !isStorableText(text))) {
    errors.push({ field: path, code: 'text_invalid', message: `${field.name} holds a lone surrogate or a NUL character` });
    return value;
  }
  const before = errors.length;
  for (const rule of field.rules) {
    runRule(rule, field.name, value, object, path, errors);
    if (errors.length > before) return value;
  }
  return field.nested === null ? value : readNested(field.nested, value, path, errors);
}

function readNested(nested: NonNullable<Field['nested']>, value: unknown, path: string, errors: FieldError[]): unknown {
  if (!nested.each) return nested.schema.read(value, path, errors);
  if (!Array.isArray(value)) {
    errors.push({ field: path, code: 'is_array', message: `${path} must be an array` });
    return value;
  }
  return value.map((item, index) => nested.schema.read(item, `${path}[${index}]`, errors));
}

function runRule(rule: Rule, property: string, value: unknown, object: Values, path: string, errors: FieldError[]): void {
  const args: ValidationArguments = { value, constraints: rule.constraints, targetName: '', object, property };
  const passes = rule.each
    ? Array.isArray(value) && value.every((item) => rule.constraint.validate(item, args) === true)
    : rule.constraint.validate(value, args) === true;
  if (!passes) errors.push({ field: path, code: rule.code, message: messageOf(rule, args) });
}

function messageOf(rule: Rule, args: ValidationArguments): string {
  const template = rule.message ?? rule.constraint.defaultMessage?.(args) ?? '$property is not valid';
  const text = typeof template === 'function' ? template(args) : template;
  return text
    .replaceAll('$property', args.property)
    .replaceAll(/\$constraint(\d+)/g, (_, index: string) => String(rule.constraints[Number(index) - 1]));
}

function isSubclass(target: Function | string, parent: Function | string): boolean {
  return typeof target === 'function' && typeof parent === 'function' && target.prototype instanceof parent;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
}
