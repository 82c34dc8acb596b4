export function ReproducibilityPage() {
  return <main className="page"><h1>ReproducibilityPage</h1></main>;
}
