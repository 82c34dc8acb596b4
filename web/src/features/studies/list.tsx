export function StudiesPage() {
  return <main className="page"><h1>StudiesPage</h1></main>;
}
