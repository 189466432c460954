import { ValidateBy } from 'class-validator';
import { hasAtMost, isBoundedJsonObject, isStorableText } from '../../platform/http/validation/rules.js';
import type { MessageType } from './messages.contract.js';

export const MAX_TEXT_CHARACTERS = 20_000;
const MAX_OBJECT_BYTES = 32 * 1024;

/** Text for a text message, an object for every other type. With `typeUnknown` either will do, until the message is read. */
export function IsMessageContent(options: { typeUnknown?: boolean } = {}): PropertyDecorator {
  return ValidateBy({
    name: 'isMessageContent',
    validator: {
      validate: (value, args) => fitsType(value, options.typeUnknown === true ? undefined : (args?.object as { type?: MessageType } | undefined)?.type),
      defaultMessage: () => `$property must be text of 1 to ${MAX_TEXT_CHARACTERS} characters for type text, and a JSON object of at most ${MAX_OBJECT_BYTES} bytes for every other type`,
    },
  });
}

export function fitsType(content: unknown, type: MessageType | undefined): boolean {
  if (typeof content === 'string') {
    return (type === undefined || type === 'text') && content !== '' && isStorableText(content) && hasAtMost(MAX_TEXT_CHARACTERS, content);
  }
  return type !== 'text' && isBoundedJsonObject(content, MAX_OBJECT_BYTES);
}
