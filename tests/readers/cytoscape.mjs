// Loads what comes in with Cytoscape itself and prints what it holds.
import cytoscape from "cytoscape";
import { text } from "node:stream/consumers";

const answer = JSON.parse(await text(process.stdin));
const graph = cytoscape({ headless: true, ...answer });
const told = {
  data: graph.data(),
  nodes: graph.nodes().map((node) => node.data()),
  edges: graph.edges().map((edge) => ({ ...edge.data(), ends: [edge.source().id(), edge.target().id()] })),
};
process.stdout.write(JSON.stringify(told));
