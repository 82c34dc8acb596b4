import { Link } from "@tanstack/react-router";

export function NotFound() {
  return (
    <main className="page stack">
      <h1>Nothing is here</h1>
      <p>This address leads to no page. It may have been mistyped, or what it showed was deleted.</p>
      <p><Link to="/">All projects</Link></p>
    </main>
  );
}
