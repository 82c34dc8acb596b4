export function SubmitPage() {
  return <main className="page"><h1>SubmitPage</h1></main>;
}
