export function ComparePage() {
  return <main className="page"><h1>ComparePage</h1></main>;
}
