export function RunPage() {
  return <main className="page"><h1>RunPage</h1></main>;
}
