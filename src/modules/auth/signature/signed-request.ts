import { httpbis } from 'http-message-signatures';
import { isInnerList, parseDictionary, serializeItem, serializeList } from 'structured-headers';
import type { Dictionary, InnerList, Parameters } from 'structured-headers';
import { invalidSignature, unsuitableComponents } from './signature-errors.js';

/** What a signature can say of a request: as it arrived, nothing decoded and nothing put right. */
export interface ReceivedRequest {
  method: string;
  /** The request target: path and query. */
  target: string;
  /** `Host`, or what a proxy that is trusted says it was. */
  authority: string;
  secure: boolean;
  /** Names and values in turn, in their order. */
  rawHeaders: readonly string[];
}

export interface RequestSignature {
  keyId: string;
  nonce: string;
  /** Unix seconds. */
  created: number;
  /** Unix seconds. */
  expires: number | null;
  algorithm: string | null;
  /** What is covered: names of headers and of derived components. */
  components: ReadonlySet<string>;
  /** What was signed, and the signature of it. */
  base: Buffer;
  signature: Buffer;
}

const DERIVED = new Set(['@method', '@authority', '@path', '@query']);
/** RFC 9110's token in lower case, which is how the name of a covered header is written. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const NONCE = /^[\x20-\x7e]{1,200}$/;
const MAX_COMPONENTS = 50;

/**
 * Reads the one signature of a request (RFC 9421) and rebuilds what was signed. Throws where there are several, or
 * where anything can be read in two ways; whose signature it is and whether it is right is not looked at.
 */
export function readSignature(request: ReceivedRequest): RequestSignature {
  const headers = headersOf(request.rawHeaders);
  const input = theOne('Signature-Input', headers);
  const given = theOne('Signature', headers);
  if (input.label !== given.label) throw invalidSignature('Signature has no member of the name that Signature-Input gives.');
  const [signature] = given.member;
  if (!isInnerList(input.member) || !(signature instanceof ArrayBuffer)) throw invalidSignature('Signature-Input holds a list of components, and Signature bytes between colons.');
  const components = componentsOf(input.member);
  return {
    ...parametersOf(input.member[1]),
    components,
    base: baseOf(request, headers, input.member),
    signature: Buffer.from(signature),
  };
}

/** Fields that came several times are one, joined by commas; Node's own reading drops some of them. */
function headersOf(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1]!]);
  }
  return headers;
}

function theOne(name: string, headers: Map<string, string[]>): { label: string; member: Dictionary extends Map<string, infer M> ? M : never } {
  const values = headers.get(name.toLowerCase());
  if (values === undefined) throw invalidSignature('A signed request has both Signature-Input and Signature.');
  const members = [...dictionaryOf(name, values.join(', '))];
  const [first] = members;
  if (first === undefined || members.length > 1) throw invalidSignature('A request has one signature.');
  return { label: first[0], member: first[1] };
}

function dictionaryOf(name: string, value: string): Dictionary {
  try {
    return parseDictionary(value);
  } catch {
    throw invalidSignature(`${name} is not a dictionary as RFC 9651 has it.`);
  }
}

function componentsOf([items]: InnerList): Set<string> {
  if (items.length > MAX_COMPONENTS) throw unsuitableComponents(`A signature covers up to ${MAX_COMPONENTS} components.`);
  const components = new Set<string>();
  for (const [name, parameters] of items) {
    if (typeof name !== 'string' || parameters.size > 0 || !(DERIVED.has(name) || HEADER_NAME.test(name))) {
      throw unsuitableComponents('A signature covers @method, @authority, @path, @query and headers by their names in lower case, each without parameters.');
    }
    if (components.has(name)) throw unsuitableComponents('A signature covers each component once.');
    components.add(name);
  }
  return components;
}

function parametersOf(parameters: Parameters): Pick<RequestSignature, 'keyId' | 'nonce' | 'created' | 'expires' | 'algorithm'> {
  const [keyId, nonce, created, expires, algorithm] = ['keyid', 'nonce', 'created', 'expires', 'alg'].map((name) => parameters.get(name));
  if (typeof keyId !== 'string' || nonce === undefined || created === undefined) throw unsuitableComponents('A signature has the parameters created, nonce and keyid.');
  if (typeof nonce !== 'string' || !NONCE.test(nonce)) throw unsuitableComponents('A nonce is a string of 1 to 200 characters.');
  if (!isSecond(created) || (expires !== undefined && !isSecond(expires))) throw unsuitableComponents('created and expires are whole Unix seconds.');
  if (algorithm !== undefined && typeof algorithm !== 'string') throw unsuitableComponents('alg is a string.');
  return { keyId, nonce, created, expires: expires ?? null, algorithm: algorithm ?? null };
}

function isSecond(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/**
 * The library writes the signature base. It would take the derived components from a parsed URL, which writes paths and
 * queries anew, so they are given to it as they came.
 */
function baseOf(request: ReceivedRequest, headers: Map<string, string[]>, input: InnerList): Buffer {
  const derived = derivedOf(request, headers);
  const lines = httpbis.createSignatureBase(
    {
      fields: input[0].map((item) => serializeItem(item)),
      componentParser: (name) => {
        const value = derived.get(name) ?? headers.get(name)?.map((each) => each.trim()).join(', ');
        if (value === undefined) throw unsuitableComponents(`The signature covers ${name}, which the request does not have.`);
        return [value];
      },
    },
    { method: request.method, url: '', headers: {} },
  );
  lines.push(['"@signature-params"', [serializeList([input])]]);
  const base = httpbis.formatSignatureBase(lines);
  if (!/^[\n\x20-\x7e]*$/.test(base)) throw unsuitableComponents('Only visible ASCII can be signed.');
  return Buffer.from(base);
}

function derivedOf({ method, target, authority, secure }: ReceivedRequest, headers: Map<string, string[]>): Map<string, string> {
  if (!target.startsWith('/') || target.includes('#')) throw unsuitableComponents('A signed request names its target by path and query.');
  if (headers.get('host')?.length !== 1) throw unsuitableComponents('A signed request has one Host.');
  const question = target.indexOf('?');
  return new Map([
    ['@method', method],
    ['@authority', authority.toLowerCase().replace(secure ? /:443$/ : /:80$/, '')],
    ['@path', question === -1 ? target : target.slice(0, question)],
    ['@query', question === -1 ? '?' : target.slice(question)],
  ]);
}
