import "./palette.css";
import { useQuery } from "@tanstack/react-query";
import { useParams, useRouter } from "@tanstack/react-router";
import { list } from "virtual:guides";
import { useEffect, useId, useRef, useState } from "react";
import { body, client } from "../api/client";
import { useSettled } from "../lib/settled";
import { chooseTheme, chosenTheme } from "../lib/theme";
import { matching, type Place, PLACES, placesHere } from "./go-to";

const GUIDES: readonly Place[] = list.filter(({ path }) => !path.startsWith("decisions/")).map(({ path, title }) => ({ words: title, to: `/docs/${path}`, note: "guide" }));

interface Offer {
  id: string;
  kind: string;
  words: string;
  note?: string | undefined;
  key?: string | undefined;
  take: () => void;
}

/** Goes to anything by some letters of its name: pages, projects, studies, runs, guides. */
export default function Palette({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  const [typed, type] = useState("");
  const [at, move] = useState(0);
  const { offers, waiting } = useOffers(typed, close);
  const chosen = Math.min(at, Math.max(0, offers.length - 1));
  useEffect(() => { if (!dialog.current?.open) dialog.current?.showModal(); }, []);
  useEffect(() => { void document.getElementById(`${list}-${chosen}`)?.scrollIntoView({ block: "nearest" }); }, [chosen, list]);
  const key = (event: React.KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && offers.length) {
      event.preventDefault();
      move((chosen + step + offers.length) % offers.length);
    }
    if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      offers[chosen]?.take();
    }
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events -- Esc closes it by the element's own way
    <dialog ref={dialog} className="palette" aria-label="Go to anything" onCancel={(event) => { event.preventDefault(); close(); }} onClick={(event) => { if (event.target === dialog.current) close(); }}>
      <input
        role="combobox" aria-expanded="true" aria-controls={list} aria-activedescendant={offers.length ? `${list}-${chosen}` : undefined} aria-label="Go to anything" placeholder="Go to a project, run, study, page or guide"
        value={typed} onChange={(event) => { type(event.target.value); move(0); }} onKeyDown={key} autoComplete="off" spellCheck={false}
        // eslint-disable-next-line jsx-a11y/no-autofocus -- it was opened to type in
        autoFocus
      />
      <ul id={list} role="listbox" aria-label="Found" tabIndex={-1}>
        {offers.map((offer, place) => (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the keys are the input's
          <li key={offer.id} id={`${list}-${place}`} role="option" aria-selected={place === chosen} onClick={offer.take} onPointerMove={() => { if (place !== chosen) move(place); }}>
            <span className="palette-kind meta">{offer.kind}</span><span className="cut">{offer.words}</span><span className="space" />
            {offer.note && <span className="meta cut">{offer.note}</span>}{offer.key && <kbd>{offer.key}</kbd>}
          </li>
        ))}
      </ul>
      {!offers.length && <p className="palette-none muted">{waiting ? "Searching…" : "Nothing is called so. Runs are found by the beginning of their name, id or tag, or by words of their name."}</p>}
    </dialog>
  );
}

function useOffers(typed: string, close: () => void): { offers: Offer[]; waiting: boolean } {
  const { entity, project, run } = useParams({ strict: false });
  const router = useRouter();
  const sought = useSettled(typed.trim(), 120);
  const found = useQuery({
    queryKey: ["search", sought],
    queryFn: ({ signal }) => body(client.GET("/api/v1/search", { params: { query: { q: sought, limit: 8 } }, signal })),
    enabled: sought !== "",
    placeholderData: (before) => (sought ? before : undefined),
    staleTime: 10_000,
    retry: false,
  });
  const go = (address: string) => () => { close(); router.history.push(address); };
  const offer = (kind: string) => (place: Place): Offer => ({ id: `${kind} ${place.to} ${place.words}`, kind, words: place.words, note: place.note, key: place.key && `o ${place.key}`, take: go(place.to) });
  const dark = document.documentElement.dataset.theme === "dark" || (chosenTheme() === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  const actions: Offer[] = [
    { id: "theme", kind: "do", words: dark ? "Change to light colours" : "Change to dark colours", take: () => { chooseTheme(dark ? "light" : "dark"); close(); } },
    { id: "copy", kind: "do", words: "Copy the address of this page", take: () => { void navigator.clipboard.writeText(location.href).finally(close); } },
  ];
  const here = matching(placesHere(entity, project, run), typed).map(offer("here"));
  const pages = matching(PLACES, typed).map(offer("page"));
  const did = actions.filter(({ words }) => typed.toLowerCase().split(/\s+/).every((word) => words.toLowerCase().includes(word)));
  const items = (sought && typed.trim() ? (found.data?.items ?? []) : []).map((item): Offer => ({ id: `${item.kind} ${item.id}`, kind: item.kind, words: item.name, note: item.kind === "project" ? undefined : item.project, take: go(item.address) }));
  const guides = typed.trim() ? matching(GUIDES, typed).map(offer("guide")) : [];
  return { offers: [...here, ...(typed.trim() ? items : []), ...pages, ...did, ...guides].slice(0, 40), waiting: found.isFetching || sought !== typed.trim() };
}
