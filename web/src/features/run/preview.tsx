import { useQuery } from "@tanstack/react-query";
import { refused, type Schemas } from "../../api/client";
import { size } from "../../lib/format";
import { Trouble } from "../../ui/trouble";

type File = Pick<Schemas["ArtifactShown"], "id" | "name" | "size_bytes">;

const IMAGE = /\.(png|jpe?g|gif|webp|bmp)$/i;
const TEXT = /\.(txt|md|log|json|jsonl|ya?ml|toml|ini|cfg|csv|tsv|py|sh|js|ts|html?|xml|patch|diff)$/i;
const LARGEST_IMAGE = 20_000_000;
const MOST_TEXT = 200_000;

/** Whether there is something to see of a file without a program of its own. */
export const previewed = ({ name, size_bytes }: File): boolean => TEXT.test(name) || (IMAGE.test(name) && size_bytes <= LARGEST_IMAGE);

/** An image, or the beginning of a text. */
export function Preview({ file }: { file: File }) {
  const address = `/api/v1/artifacts/${file.id}/content`;
  if (IMAGE.test(file.name)) return <img className="run-preview" src={address} alt={file.name} />;
  return <Text file={file} address={address} />;
}

function Text({ file, address }: { file: File; address: string }) {
  const asked = useQuery({ queryKey: ["artifact", file.id, "text"], queryFn: ({ signal }) => beginning(address, file.size_bytes, signal), staleTime: Infinity });
  if (asked.error) return <Trouble error={asked.error} />;
  if (asked.data === undefined) return <p className="muted">Loading …</p>;
  return (
    <>
      {file.size_bytes > MOST_TEXT && <p className="meta">The first {size(MOST_TEXT)} of {size(file.size_bytes)}.</p>}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, so keys must reach it */}
      <pre className="run-preview" tabIndex={0}>{asked.data || "The file is empty."}</pre>
    </>
  );
}

/** The first bytes of a file as text. Raises Refused. */
export async function beginning(address: string, bytes: number, signal: AbortSignal): Promise<string> {
  const headers: Record<string, string> = bytes > MOST_TEXT ? { Range: `bytes=0-${MOST_TEXT - 1}` } : {};
  const answer = await fetch(address, { headers, signal });
  if (!answer.ok) throw await refused(answer);
  return answer.text();
}
