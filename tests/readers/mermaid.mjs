// Parses what comes in with mermaid itself, draws it, and prints what it understood and what it drew.
import { JSDOM } from "jsdom";
import { text } from "node:stream/consumers";

// mermaid cleans every text with the browser's help; to draw, it also asks how large a text is, which
// jsdom, having no screen, does not know: any size will do.
const { window } = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
const size = () => ({ x: 0, y: 0, width: 100, height: 20 });
Object.assign(window.SVGElement.prototype, { getBBox: size, getComputedTextLength: () => 100 });
for (const name of ["window", "document", "navigator", "Element", "HTMLElement", "SVGElement", "DOMParser", "CSSStyleSheet"]) {
  Object.defineProperty(globalThis, name, { value: name === "window" ? window : window[name], configurable: true });
}
const { default: mermaid } = await import("mermaid");

const source = await text(process.stdin);
mermaid.initialize({ startOnLoad: false, logLevel: "fatal" });
const { diagramType } = await mermaid.parse(source);
const { db } = await mermaid.mermaidAPI.getDiagramFromText(source);
const told = {
  diagramType,
  title: db.getAccTitle(),
  description: db.getAccDescription(),
  nodes: [...db.getVertices().values()].map(({ id, text: label, classes }) => ({ id, label, classes })),
  edges: db.getEdges().map(({ start, end, type, stroke, text: label }) => ({ start, end, type, stroke, label })),
};
const { svg } = await mermaid.render("drawn", source);
const picture = new window.DOMParser().parseFromString(svg, "text/html");
const texts = (selector) =>
  [...picture.querySelectorAll(selector)].map((label) =>
    [...label.querySelectorAll("p, br")].length ? label.innerHTML : label.textContent,
  );
told.drawn = {
  nodes: texts("g.node .nodeLabel"),
  edges: texts("g.edgeLabel .edgeLabel"),
  foreign: [...picture.querySelectorAll("script, img, a, iframe, math, i, strong, em")].map((each) => each.outerHTML),
};
process.stdout.write(JSON.stringify(told));
