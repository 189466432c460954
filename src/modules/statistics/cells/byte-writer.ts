/** Bytes that grow. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(16 * 1024);
  private at = 0;

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  /** A whole number that is not negative, as LEB128. */
  number(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at++] = rest;
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.number(length);
    this.reserve(length);
    this.at += this.buffer.write(text, this.at);
  }

  /** What `write` writes, after its length. */
  block(write: (block: ByteWriter) => void): void {
    const block = new ByteWriter();
    write(block);
    const bytes = block.bytes();
    this.number(bytes.length);
    this.reserve(bytes.length);
    this.at += bytes.copy(this.buffer, this.at);
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  private reserve(length: number): void {
    if (this.at + length <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + length));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
