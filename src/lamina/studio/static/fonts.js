/** @file Which of the server's fonts has a typeface, and the nearest weight and slant that it has. Pure functions. */

/** @typedef {import("./types.js").Family} Family */

/** Families are compared by their letters and digits, as the server does it. @param {string} name */
const letters = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** @param {Family[]} families @param {string} name @returns {Family | null} */
export const familyNamed = (families, name) => families.find((family) => letters(family.name) === letters(name)) ?? null;

/**
 * The weight and slant of a family that are nearest to the wanted ones.
 * @param {Family} family @param {number} weight @param {boolean} isItalic
 */
export function faceOf(family, weight, isItalic) {
  const italic = family.weights.length ? isItalic && family.italic_weights.length > 0 : true;
  const weights = italic ? family.italic_weights : family.weights;
  const nearest = weights.toSorted((one, other) => Math.abs(one - weight) - Math.abs(other - weight))[0] ?? weight;
  return { weight: nearest, italic };
}
