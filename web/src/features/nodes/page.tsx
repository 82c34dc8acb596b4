import "./nodes.css";
import { useQuery } from "@tanstack/react-query";
import { body, client } from "../../api/client";
import { HelpLink } from "../../ui/help-link";
import { Trouble } from "../../ui/trouble";
import { NodeRow } from "./node";
import { QueueTable } from "./queue";

export function NodesPage() {
  const nodes = useQuery({ queryKey: ["nodes"], queryFn: () => body(client.GET("/api/v1/nodes")), refetchInterval: 5_000 });
  const queue = useQuery({ queryKey: ["queue"], queryFn: () => body(client.GET("/api/v1/queue")), refetchInterval: 5_000 });
  const items = nodes.data?.items ?? [];
  const [alive, gone] = [items.filter((node) => node.alive), items.filter((node) => !node.alive)];
  return (
    <main className="page stack nodes">
      <div className="row wrap"><h1>Nodes and queue</h1><span className="space" /><HelpLink guide="guide/operate">How to add a node</HelpLink></div>
      {nodes.error && <Trouble error={nodes.error} again={() => void nodes.refetch()} />}
      {nodes.isPending && <p className="muted">Loading the nodes…</p>}
      {nodes.data && !alive.length && (
        <div className="nodes-none"><strong>No node answers.</strong> Runs wait in the queue until one does. On a machine that reaches the database and the broker: <code>runtwice worker</code>; on this one, <code>runtwice up</code> starts one.</div>
      )}
      {alive.map((node) => <NodeRow key={node.name} node={node} queue={queue.data?.items ?? []} />)}
      {gone.length > 0 && (
        <details>
          <summary className="muted">{gone.length} {gone.length === 1 ? "node that no longer answers" : "nodes that no longer answer"}</summary>
          {gone.map((node) => <NodeRow key={node.name} node={node} queue={[]} />)}
        </details>
      )}
      <h2>Queue</h2>
      {queue.error && <Trouble error={queue.error} again={() => void queue.refetch()} />}
      {queue.data && <QueueTable queue={queue.data} />}
    </main>
  );
}
