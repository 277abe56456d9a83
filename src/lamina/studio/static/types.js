/**
 * @file The types of the API's JSON, as far as the pages use it, and those of the pages' own state. No code.
 *
 * @typedef {{sha256: string, width: number, height: number, url: string, preview: string}} Pixels
 *
 * @typedef {{name: string, weights: number[], italic_weights: number[]}} Family
 *
 * @typedef {{family: string, weight: number, is_italic: boolean, confidence: number, alternatives: string[]}} Typeface
 *
 * @typedef {object} TextStyle
 * @property {number} size_px
 * @property {number[]} colour red, green and blue, 0 to 255
 * @property {Typeface | null} typeface
 *
 * @typedef {object} Layer
 * @property {"layer"} type
 * @property {number} id
 * @property {string} name
 * @property {string} kind
 * @property {Box} bbox
 * @property {Pixels} pixels
 * @property {number} left
 * @property {number} top
 * @property {Matrix} transform
 * @property {number} opacity 0 to 255
 * @property {string} blend
 * @property {boolean} is_hidden
 * @property {boolean} is_locked
 * @property {boolean} is_guessed
 * @property {string | null} [text]
 * @property {TextStyle | null} [style]
 *
 * @typedef {object} Group
 * @property {"group"} type
 * @property {number} id
 * @property {string} name
 * @property {string} kind
 * @property {boolean} is_hidden
 * @property {boolean} is_locked
 * @property {Node[]} layers lowest first
 *
 * @typedef {Layer | Group} Node
 *
 * @typedef {object} StackSummary
 * @property {string} id
 * @property {string} name
 * @property {string} source
 * @property {number} width
 * @property {number} height
 * @property {number} revision
 * @property {string} created_at
 * @property {string} updated_at
 *
 * @typedef {object} StackFields
 * @property {Node[]} layers lowest first
 * @property {number | null} undo
 * @property {number | null} redo
 * @property {Record<string, string>} files
 *
 * @typedef {StackSummary & StackFields} Stack
 *
 * @typedef {[number, number]} Point
 * @typedef {[number, number, number, number]} Box x, y, width and height
 * @typedef {[number, number, number, number, number, number]} Matrix a, b, c, d, e and f as in SVG's `matrix()`
 *
 * @typedef {{op: string, layer?: number, layers?: number[], [field: string]: unknown}} Operation
 *
 * @typedef {object} Progress
 * @property {string} stage
 * @property {number} share
 *
 * @typedef {object} Picture
 * @property {string} id
 * @property {string} url
 * @property {number} [width]
 * @property {number} [height]
 * @property {number | null} [seed]
 * @property {boolean} [is_flagged]
 *
 * @typedef {object} JobResult
 * @property {string} engine
 * @property {string[]} notes
 * @property {string | null} [prompt]
 * @property {string | null} [stands_in_for]
 * @property {Picture[]} pictures
 * @property {Picture | null} [flat]
 * @property {(Picture & {name: string, bbox: Box})[]} layers
 * @property {{max_abs_error: number} | null} [recomposition]
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {"generate" | "edit" | "decompose" | "train"} kind
 * @property {string} model
 * @property {"queued" | "running" | "succeeded" | "failed" | "errored" | "cancelled"} state
 * @property {string} created_at
 * @property {number | null} ran_s
 * @property {number | null} position
 * @property {number | null} eta_s
 * @property {Progress | null} progress
 * @property {string} price_usd
 * @property {string} charged_usd
 * @property {{code: string, message: string, hint: string} | null} error
 * @property {JobResult | null} result
 *
 * @typedef {object} Model
 * @property {string} name
 * @property {string} title
 * @property {string[]} kinds
 * @property {boolean} is_here
 * @property {number} max_references
 * @property {Record<string, string>} prices_usd
 *
 * @typedef {{id: string, reference: string, name: string, url: string, content_type: string, size: number}} StoredFile
 *
 * @typedef {{id: string, operation: Operation, layer_name: string, is_acceptable: boolean}} OpenProposal
 *
 * @typedef {{number: number, description: string, created_at: string, is_current: boolean}} Revision
 *
 * @typedef {{scale: number, x: number, y: number}} View pixels of the screen per pixel of the canvas, and where its corner is
 */

export {};
