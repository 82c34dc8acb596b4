export function WorkspacePage() {
  return <main className="page"><h1>WorkspacePage</h1></main>;
}
