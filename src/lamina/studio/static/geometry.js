/** @file Matrices, boxes, zooming, resizing and snapping. Pure functions; lengths are in pixels of the canvas. */

/** @typedef {import("./types.js").Matrix} Matrix */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").View} View */

/** @type {Matrix} */
export const IDENTITY = [1, 0, 0, 1, 0, 0];
/** Cosine and sine of quarter turns, exactly. */
const QUARTERS = [[1, 0], [0, 1], [-1, 0], [0, -1]];
export const MIN_SCALE = 0.02;
export const MAX_SCALE = 32;

/** The matrix that applies `first`, and then `second`. It is not named then: importing such a module would call it. @param {Matrix} first @param {Matrix} second @returns {Matrix} */
export function composed(first, second) {
  const [a, b, c, d, e, f] = first;
  const [p, q, r, s, t, u] = second;
  return [p * a + r * b, q * a + s * b, p * c + r * d, q * c + s * d, p * e + r * f + t, q * e + s * f + u];
}

/** @param {number} right @param {number} down @returns {Matrix} */
export const shift = (right, down) => [1, 0, 0, 1, right, down];

/** @param {number} across @param {number} down @param {Point} centre @returns {Matrix} */
export const scaleAbout = (across, down, [x, y]) => [across, 0, 0, down, x - across * x, y - down * y];

/** Clockwise. @param {number} degrees @param {Point} centre @returns {Matrix} */
export function rotateAbout(degrees, [x, y]) {
  const radians = (degrees * Math.PI) / 180;
  const quarters = degrees / 90;
  const [cos, sin] = Number.isInteger(quarters) ? QUARTERS[((quarters % 4) + 4) % 4] : [Math.cos(radians), Math.sin(radians)];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}

/** @param {Matrix} matrix @param {Point} point @returns {Point} */
export const transformed = ([a, b, c, d, e, f], [x, y]) => [a * x + c * y + e, b * x + d * y + f];

/** @param {Matrix} matrix @returns {Matrix | null} null if it cannot be inverted */
export function inverse([a, b, c, d, e, f]) {
  const determinant = a * d - b * c;
  if (!determinant) return null;
  const [p, q, r, s] = [d / determinant, -b / determinant, -c / determinant, a / determinant];
  return [p, q, r, s, -(p * e + r * f), -(q * e + s * f)];
}

/** The upright box around a box that is transformed. @param {Matrix} matrix @param {Box} box @returns {Box} */
export function bounds(matrix, [x, y, width, height]) {
  /** @type {Point[]} */
  const corners = [[x, y], [x + width, y], [x, y + height], [x + width, y + height]];
  const points = corners.map((corner) => transformed(matrix, corner));
  const [xs, ys] = [points.map(([px]) => px), points.map(([, py]) => py)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

/** @param {Box[]} boxes at least one @returns {Box} */
export function union(boxes) {
  const left = Math.min(...boxes.map(([x]) => x));
  const top = Math.min(...boxes.map(([, y]) => y));
  const right = Math.max(...boxes.map(([x, , width]) => x + width));
  const bottom = Math.max(...boxes.map(([, y, , height]) => y + height));
  return [left, top, right - left, bottom - top];
}

/** @param {Box} box @returns {Point} */
export const centre = ([x, y, width, height]) => [x + width / 2, y + height / 2];

/** The box between two corners. @param {Point} one @param {Point} other @returns {Box} */
export const boxBetween = ([x, y], [u, v]) => [Math.min(x, u), Math.min(y, v), Math.abs(u - x), Math.abs(v - y)];

/** The part of a box that is on the canvas. @param {Box} box @param {number} width @param {number} height @returns {Box} */
export function clipped([x, y, w, h], width, height) {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return [left, top, Math.max(0, Math.min(width, x + w) - left), Math.max(0, Math.min(height, y + h) - top)];
}

/** The view that shows all of a canvas, at 100 % at most. @param {Point} canvas @param {Point} stage @returns {View} */
export function fitted([width, height], [stageWidth, stageHeight], margin = 24) {
  const scale = Math.min(1, (stageWidth - 2 * margin) / width, (stageHeight - 2 * margin) / height);
  return centred(Math.max(MIN_SCALE, scale), [width, height], [stageWidth, stageHeight]);
}

/** @param {number} scale @param {Point} canvas @param {Point} stage @returns {View} whole pixels, so that 100 % is sharp */
export function centred(scale, [width, height], [stageWidth, stageHeight]) {
  return {
    scale,
    x: Math.round((stageWidth - width * scale) / 2),
    y: Math.round((stageHeight - height * scale) / 2),
  };
}

/** Zooms so that a point of the screen stays where it is. @param {View} view @param {number} factor @param {Point} at @returns {View} */
export function zoomed(view, factor, [x, y]) {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
}

/** From the screen to the canvas. @param {View} view @param {Point} point @returns {Point} */
export const onCanvas = (view, [x, y]) => [(x - view.x) / view.scale, (y - view.y) / view.scale];

/**
 * How far a box is to be shifted so that its edges or centre meet others, and the lines where they meet.
 * @param {Box} box @param {Box[]} targets @param {number} reach
 * @returns {{right: number, down: number, lines: {axis: "x" | "y", at: number}[]}}
 */
export function snap(box, targets, reach) {
  /** @type {{axis: "x" | "y", at: number}[]} */
  const lines = [];
  const [right, down] = /** @type {const} */ (["x", "y"]).map((axis) => {
    const side = axis === "x" ? 0 : 1;
    /** @param {Box} each */
    const marks = (each) => [each[side], each[side] + each[side + 2] / 2, each[side] + each[side + 2]];
    let best = { off: 0, distance: reach, at: NaN };
    for (const target of targets) {
      for (const at of marks(target)) {
        for (const mark of marks(box)) {
          const distance = Math.abs(at - mark);
          if (distance < best.distance) best = { off: at - mark, distance, at };
        }
      }
    }
    if (!Number.isNaN(best.at)) lines.push({ axis, at: best.at });
    return best.off;
  });
  return { right, down, lines };
}

/**
 * The box after one of its handles was dragged: the opposite side stays where it is.
 * @param {Box} box @param {string} handle of n, e, s, w, ne, nw, se and sw @param {number} right @param {number} down
 * @param {boolean} keepsRatio @returns {Box}
 */
export function resized([x, y, width, height], handle, right, down, keepsRatio) {
  let wide = width + (handle.includes("e") ? right : handle.includes("w") ? -right : 0);
  let high = height + (handle.includes("s") ? down : handle.includes("n") ? -down : 0);
  if (keepsRatio && handle.length === 2) {
    const factor = Math.max(wide / width, high / height);
    [wide, high] = [width * factor, height * factor];
  }
  [wide, high] = [Math.max(1, wide), Math.max(1, high)];
  return [handle.includes("w") ? x + width - wide : x, handle.includes("n") ? y + height - high : y, wide, high];
}

/** The matrix that maps one upright box to another. @param {Box} from @param {Box} to @returns {Matrix} */
export function between(from, to) {
  const [across, down] = [to[2] / from[2], to[3] / from[3]];
  return [across, 0, 0, down, to[0] - across * from[0], to[1] - down * from[1]];
}
