import "./settings.css";
import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useMe } from "../../api/me";
import { chooseTheme, chosenTheme, type Theme } from "../../lib/theme";
import { notify, type Notifying, notifying } from "../../lib/notify";
import { Copy } from "../../ui/copy";
import { HelpLink } from "../../ui/help-link";
import { Trouble } from "../../ui/trouble";
import { Keys } from "./keys";
import { Members } from "./members";
import { Retention } from "./retention";

export function SettingsPage() {
  const { hash } = useLocation();
  const me = useMe();
  useEffect(() => { void document.getElementById(hash)?.scrollIntoView(); }, [hash, me.data]); // it gives a promise in some browsers
  return (
    <main className="page settings">
      <div className="row wrap"><h1>Settings</h1><span className="space" /><HelpLink guide="guide/operate" hash="keys">Keys, roles, keeping runs</HelpLink></div>
      <Section id="me" title="You">{me.error ? <Trouble error={me.error} /> : <Myself />}</Section>
      <Section id="keys" title="Keys"><Keys /></Section>
      <Section id="wandb" title="Scripts that import wandb"><Wandb /></Section>
      <Section id="members" title="Members"><Members /></Section>
      <Section id="retention" title="How long runs are kept"><Retention /></Section>
      <Section id="colours" title="Colours"><Colours /></Section>
      <Section id="notifications" title="Notifications"><Notifications /></Section>
    </main>
  );
}

function Section({ id, title, children }: { id: string; title: string; children: React.ReactNode }) {
  return <section id={id} className="settings-section" aria-labelledby={`${id}-title`}><h2 id={`${id}-title`}>{title}</h2><div>{children}</div></section>;
}

function Myself() {
  const { data: me } = useMe();
  if (!me) return <p className="muted">Loading…</p>;
  return <p>Signed in with the key <b>{me.name}</b>, role <b>{me.role}</b>, {me.entity ? <>for the entity <b>{me.entity}</b></> : <>for every entity (a project named without one is of <b>{me.default_entity}</b>)</>}{me.expires_at && <>, until {me.expires_at.slice(0, 10)}</>}.</p>;
}

function Wandb() {
  const text = `export WANDB_BASE_URL=${location.origin}\nexport WANDB_API_KEY=YOUR_KEY`;
  return (
    <div className="stack">
      <p>Two variables point the official SDK at this service; the script stays as it is. Put a key from above where it says YOUR_KEY. <HelpLink guide="guide/wandb">What is kept how</HelpLink></p>
      <div className="row"><pre className="settings-code">{text}</pre><Copy text={text} /></div>
      <p className="meta"><code>wandb login --host {location.origin}</code> asks for a key as well, and leads here.</p>
    </div>
  );
}

function Colours() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <div className="row wrap" role="radiogroup" aria-label="Colours">
      {(["system", "light", "dark"] as const).map((name: Theme) => <label key={name}><input type="radio" name="theme" checked={theme === name} onChange={() => { chooseTheme(name); setTheme(name); }} /> {name === "system" ? "as the system has them" : name}</label>)}
    </div>
  );
}

const WORDS: Record<Notifying, string> = {
  on: "This browser tells you when a run of yours ends, is judged or raises an alert, while a page of this service is open in it.",
  off: "Off. The inbox keeps what happened either way.",
  refused: "The browser refuses notifications of this site: allow them in its own settings for this site first.",
  unknown: "This browser cannot show notifications here (some need https). The inbox keeps what happened.",
};

function Notifications() {
  const [state, setState] = useState(notifying);
  return (
    <div className="stack">
      <p>{WORDS[state]}</p>
      {(state === "on" || state === "off") && <div><button type="button" onClick={() => void notify(state === "off").then(setState)}>{state === "on" ? "Turn them off" : "Turn them on"}</button></div>}
    </div>
  );
}
