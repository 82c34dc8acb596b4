export function StudyPage() {
  return <main className="page"><h1>StudyPage</h1></main>;
}
