export function LabPage() {
  return <main className="page"><h1>LabPage</h1></main>;
}
