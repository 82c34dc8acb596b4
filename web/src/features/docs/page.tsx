export function DocsPage() {
  return <main className="page"><h1>DocsPage</h1></main>;
}
