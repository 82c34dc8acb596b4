export function SweepPage() {
  return <main className="page"><h1>SweepPage</h1></main>;
}
