import { useState } from "react";
import { chooseTheme, chosenTheme, type Theme } from "../lib/theme";

const NEXT: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };
const PICTURE: Record<Theme, string> = { system: "◐", dark: "●", light: "○" };

export function ThemeButton() {
  const [theme, setTheme] = useState(chosenTheme);
  const turn = () => {
    chooseTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return <button type="button" className="plain" onClick={turn} aria-label={`Colours: ${theme}; change to ${NEXT[theme]}`} title={`Colours: ${theme}`}>{PICTURE[theme]}</button>;
}
