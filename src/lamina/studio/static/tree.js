/** @file The tree of a stack: finding, walking and replacing its layers and groups. Pure functions. */

import { IDENTITY, bounds, composed, union } from "./geometry.js";

/** @typedef {import("./types.js").Node} Node */
/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {import("./types.js").Group} Group */
/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Matrix} Matrix */

/**
 * All nodes, lowest first, a group before its members.
 * @param {Node[]} nodes @param {Group[]} groups @returns {Generator<{node: Node, groups: Group[]}>}
 */
export function* walk(nodes, groups = []) {
  for (const node of nodes) {
    yield { node, groups };
    if (node.type === "group") yield* walk(node.layers, [...groups, node]);
  }
}

/** @param {Node[]} nodes @param {number} id @returns {Node | null} */
export function find(nodes, id) {
  for (const { node } of walk(nodes)) if (node.id === id) return node;
  return null;
}

/** The group around a node, its siblings, lowest first, and its place among them. @param {Node[]} nodes @param {number} id */
export function placeOf(nodes, id) {
  for (const { node, groups } of walk(nodes)) {
    if (node.id !== id) continue;
    const parent = groups.at(-1) ?? null;
    const siblings = parent ? parent.layers : nodes;
    return { parent, siblings, position: siblings.indexOf(node), groups };
  }
  return null;
}

/** The layers of a node, lowest first. @param {Node} node @returns {Layer[]} */
export function layersIn(node) {
  return node.type === "layer" ? [node] : node.layers.flatMap(layersIn);
}

/** All layers, lowest first, with what their groups add to them. @param {Node[]} nodes */
export function shownLayers(nodes) {
  /** @type {{layer: Layer, isHidden: boolean}[]} */
  const shown = [];
  for (const { node, groups } of walk(nodes)) {
    if (node.type === "group") continue;
    shown.push({
      layer: node,
      isHidden: node.is_hidden || groups.some((group) => group.is_hidden),
    });
  }
  return shown;
}

/** Rows as they are listed: topmost first, a group before its members. @param {Node[]} nodes @param {Set<number>} closed ids of groups */
export function rows(nodes, closed = new Set(), depth = 0) {
  /** @type {{node: Node, depth: number}[]} */
  const list = [];
  for (const node of nodes.toReversed()) {
    list.push({ node, depth });
    if (node.type === "group" && !closed.has(node.id)) list.push(...rows(node.layers, closed, depth + 1));
  }
  return list;
}

/**
 * The nodes with some replaced: `change` returns what is in place of a node, or the node itself. Empty groups are removed.
 * @param {Node[]} nodes @param {(node: Node) => Node[]} change @returns {Node[]}
 */
export function mapped(nodes, change) {
  return nodes.flatMap((node) => {
    const changed = change(node);
    if (changed.length !== 1 || changed[0] !== node || node.type === "layer") return changed;
    const layers = mapped(node.layers, change);
    if (layers.length === node.layers.length && layers.every((each, index) => each === node.layers[index])) return [node];
    return layers.length ? [{ ...node, layers }] : [];
  });
}

/** @param {Node[]} nodes @param {number} id @param {Partial<Layer> | Partial<Group>} fields */
export function withFields(nodes, id, fields) {
  return mapped(nodes, (node) => (node.id === id ? [/** @type {Node} */ ({ ...node, ...fields })] : [node]));
}

/** The box of a layer before its transform. @param {Layer} layer @returns {Box} */
export const ownBox = (layer) => [layer.left, layer.top, layer.pixels.width, layer.pixels.height];

/** The box of a layer or group on the canvas. @param {Node} node @returns {Box} */
export function boxOf(node) {
  return union(layersIn(node).map((layer) => bounds(layer.transform, ownBox(layer))));
}

/** The nodes with a layer, or all layers of a group, transformed further. @param {Node[]} nodes @param {number} id @param {Matrix} matrix */
export function withTransform(nodes, id, matrix) {
  const node = find(nodes, id);
  const ids = new Set(node ? layersIn(node).map((layer) => layer.id) : []);
  return mapped(nodes, (each) => {
    if (each.type === "group" || !ids.has(each.id)) return [each];
    const transform = composed(each.transform ?? IDENTITY, matrix);
    return [{ ...each, transform, bbox: bounds(transform, ownBox(each)) }];
  });
}

/** Only those that are in no other of them, in painting order. @param {Node[]} nodes @param {Iterable<number>} ids @returns {number[]} */
export function outermost(nodes, ids) {
  const wanted = new Set(ids);
  const found = [];
  for (const { node, groups } of walk(nodes)) {
    if (wanted.has(node.id) && !groups.some((group) => wanted.has(group.id))) found.push(node.id);
  }
  return found;
}
