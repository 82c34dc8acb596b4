import { useState } from "react";
import { asCommand, asCurl, asPython, type Origin, type Submission } from "../../lib/submission";
import { toYaml } from "../../lib/yaml";
import { Copy } from "../../ui/copy";
import { Tabs } from "../../ui/tabs";

const TABS = [{ name: "curl", words: "curl" }, { name: "cli", words: "Command line" }, { name: "python", words: "Python" }, { name: "yaml", words: "YAML" }] as const;

/** The same submission as text, to copy. */
export function SameAs({ submission, origin }: { submission: Submission; origin: Origin | null }) {
  const [tab, choose] = useState<(typeof TABS)[number]["name"]>("curl");
  const url = location.origin;
  const text = { curl: () => asCurl(url, submission), cli: () => asCommand(url, submission, origin), python: () => asPython(url, submission), yaml: () => toYaml(submission.config) }[tab]();
  return (
    <section className="stack" aria-label="The same as text">
      <div className="row"><h2>The same as text</h2><span className="space" /><Copy text={text} /></div>
      <Tabs tabs={TABS} chosen={tab} choose={choose} label="As what" />
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}
      <pre className="submit-text" tabIndex={0}>{text}</pre>
    </section>
  );
}
