export function NodesPage() {
  return <main className="page"><h1>NodesPage</h1></main>;
}
