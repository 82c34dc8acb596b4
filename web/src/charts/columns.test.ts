import { describe, expect, it } from "vitest";
import { decoded } from "./columns";

function answer(series: object[], numbers: number[]): ArrayBuffer {
  const text = JSON.stringify({ series });
  const head = new TextEncoder().encode(`${text.padEnd(Math.ceil((text.length + 1) / 8) * 8 - 1)}\n`);
  const bytes = new Uint8Array(head.length + numbers.length * 8);
  bytes.set(head);
  new Float64Array(bytes.buffer, head.length).set(numbers);
  return bytes.buffer;
}

describe("decoded", () => {
  it("reads the columns of each curve one after another", () => {
    const columns = (length: number) => [{ name: "steps", length }, { name: "values", length }];
    const [first, second] = decoded(answer([{ run: "a", metric: "lr", count: 2, columns: columns(2) }, { run: "b", metric: "lr", count: 1, columns: columns(1) }], [0, 1, 0.5, NaN, 7, -Infinity]));

    expect([...first!.steps, ...first!.values!]).toEqual([0, 1, 0.5, NaN]);
    expect(second).toMatchObject({ run: "b", count: 1, steps: Float64Array.of(7), values: Float64Array.of(-Infinity) });
  });

  it("gives a metric that a run has not as a curve of no points", () => {
    const [none] = decoded(answer([{ run: "a", metric: "x", count: 0, columns: [{ name: "steps", length: 0 }, { name: "values", length: 0 }] }], []));

    expect(none!.steps.length).toBe(0);
  });
});
