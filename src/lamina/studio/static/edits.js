/**
 * @file What an operation does to a stack, so that a page can show it before the server has answered. Pure functions.
 *
 * The server's answer replaces what is shown. Operations that make new layers or pixels are left to it.
 */

import { bounds, centre, composed, rotateAbout, scaleAbout, shift } from "./geometry.js";
import { boxOf, find, mapped, placeOf, walk, withFields, withTransform } from "./tree.js";

/** @typedef {import("./types.js").Stack} Stack */
/** @typedef {import("./types.js").Node} Node */
/** @typedef {import("./types.js").Operation} Operation */

/** @type {Record<string, (nodes: Node[], operation: any) => Node[]>} */
const APPLY = {
  rename: (nodes, { layer, name }) => withFields(nodes, layer, { name }),
  hide: (nodes, { layer, hidden = true }) => withFields(nodes, layer, { is_hidden: hidden }),
  lock: (nodes, { layer, locked = true }) => withFields(nodes, layer, { is_locked: locked }),
  opacity: (nodes, { layer, opacity }) => withFields(nodes, layer, { opacity }),
  blend: (nodes, { layer, mode }) => withFields(nodes, layer, { blend: mode }),
  move: (nodes, { layer, right = 0, down = 0 }) => withTransform(nodes, layer, shift(right, down)),
  scale: (nodes, { layer, across, down }) => about(nodes, layer, (middle) => scaleAbout(across, down, middle)),
  rotate,
  flip: (nodes, { layer, axis }) =>
    about(nodes, layer, (middle) => (axis === "horizontal" ? scaleAbout(-1, 1, middle) : scaleAbout(1, -1, middle))),
  delete: (nodes, { layer }) => mapped(nodes, (node) => (node.id === layer ? [] : [node])),
  ungroup: (nodes, { layer }) =>
    mapped(nodes, (node) => (node.id === layer && node.type === "group" ? membersOf(node) : [node])),
  reorder,
};

/** The stack after the operations; null if only the server knows. @param {Stack} stack @param {Operation[]} operations */
export function applied(stack, operations) {
  let layers = stack.layers;
  for (const operation of operations) {
    const apply = APPLY[operation.op];
    if (!apply) return null;
    layers = apply(layers, operation);
  }
  return { ...stack, layers };
}

/** @param {Node[]} nodes @param {number} id @param {(middle: import("./types.js").Point) => import("./types.js").Matrix} matrixOf */
function about(nodes, id, matrixOf) {
  const node = find(nodes, id);
  return node ? withTransform(nodes, id, matrixOf(centre(boxOf(node)))) : nodes;
}

/** What is left of a group: members of a hidden one stay hidden. @param {import("./types.js").Group} group */
const membersOf = ({ is_hidden: isHidden, layers }) => layers.map((node) => (isHidden ? { ...node, is_hidden: true } : node));

/** @param {Node[]} nodes @param {{layer: number, degrees: number}} operation */
function rotate(nodes, { layer, degrees }) {
  const node = find(nodes, layer);
  if (!node) return nodes;
  const turn = rotateAbout(degrees, centre(boxOf(node)));
  if (degrees % 90) return withTransform(nodes, layer, turn);
  const [x, y] = bounds(turn, boxOf(node)); // as the server does it: half a pixel aside, if need be, to stay on the grid
  return withTransform(nodes, layer, composed(turn, shift(roundedToEven(x) - x, roundedToEven(y) - y)));
}

/** @param {number} number */
const roundedToEven = (number) => (Math.abs(number % 1) === 0.5 ? 2 * Math.round(number / 2) : Math.round(number));

/** @param {Node[]} nodes @param {{layer: number, parent?: number | null, position: number}} operation @returns {Node[]} */
function reorder(nodes, { layer, parent = null, position }) {
  const node = find(nodes, layer);
  if (!node) return nodes;
  const without = mapped(nodes, (each) => (each.id === layer ? [] : [each]));
  if (parent === null) return without.toSpliced(position, 0, node);
  return mapped(without, (each) =>
    each.id === parent && each.type === "group" ? [{ ...each, layers: each.layers.toSpliced(position, 0, node) }] : [each],
  );
}

/**
 * Two batches of operations as one, if the second only goes on with the first, as a layer that is nudged again and again.
 * @param {Operation[]} first @param {Operation[]} second @returns {Operation[] | null}
 */
export function joined(first, second) {
  if (first.length !== second.length) return null;
  const both = first.map((one, index) => joinedOne(one, second[index]));
  return both.every((each) => each !== null) ? both : null;
}

/** @param {Operation} first @param {Operation} second @returns {Operation | null} */
function joinedOne(first, second) {
  if (first.op !== second.op || first.layer !== second.layer) return null;
  if (first.op === "opacity") return second;
  if (first.op !== "move") return null;
  return { ...first, right: Number(first.right) + Number(second.right), down: Number(first.down) + Number(second.down) };
}

/**
 * The operation that puts a node one place up or down, or to the top or bottom of its group; null if it is there.
 * @param {Node[]} nodes @param {number} id @param {"up" | "down" | "top" | "bottom"} to @returns {Operation | null}
 */
export function reordering(nodes, id, to) {
  const place = placeOf(nodes, id);
  if (!place) return null;
  const { parent, siblings, position } = place;
  const last = siblings.length - 1;
  const target = { up: position + 1, down: position - 1, top: last, bottom: 0 }[to];
  if (target === position || target < 0 || target > last) return null;
  return { op: "reorder", layer: id, parent: parent?.id ?? null, position: target };
}

/**
 * The operation that drops a node before or after a row of the list, which is topmost first, or into a group.
 * @param {Node[]} nodes @param {number} id @param {number} target @param {"above" | "below" | "into"} where
 * @returns {Operation | null}
 */
export function dropping(nodes, id, target, where) {
  const place = placeOf(nodes, target);
  const node = find(nodes, id);
  if (!place || !node || id === target || place.groups.some((group) => group.id === id)) return null;
  const goal = find(nodes, target);
  if (where === "into") {
    if (goal?.type !== "group") return null;
    const count = goal.layers.filter((each) => each.id !== id).length;
    return { op: "reorder", layer: id, parent: target, position: count };
  }
  const others = place.siblings.filter((each) => each.id !== id);
  const position = others.findIndex((each) => each.id === target) + (where === "above" ? 1 : 0);
  const parent = place.parent?.id ?? null;
  const now = placeOf(nodes, id);
  if (now && (now.parent?.id ?? null) === parent && now.position === position) return null;
  return { op: "reorder", layer: id, parent, position };
}

/** The ids in `after` that are not in `before`. @param {Node[]} before @param {Node[]} after @returns {number[]} */
export function newIds(before, after) {
  const known = new Set([...walk(before)].map(({ node }) => node.id));
  return [...walk(after)].map(({ node }) => node.id).filter((id) => !known.has(id));
}
