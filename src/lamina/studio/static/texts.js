/** @file All texts of the pages, so that they can be translated in one place. */

/** @param {number} count @param {string} one @param {string} [many] */
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export const texts = {
  title: "Lamina Studio",
  ok: "OK",
  cancel: "Cancel",
  close: "Close",
  delete: "Delete",
  loading: "Loading…",
  more: "More",

  home: {
    heading: "Take a picture apart",
    drop: "Drop pictures here, paste one, or",
    choose: "choose files",
    address: "Address of a picture",
    open: "Open",
    samples: "Samples",
    projects: "Projects",
    search: "Search projects",
    none: "There are no projects yet. Drop a picture to make the first one.",
    noneFound: "No project has this name.",
    rename: "Rename",
    delete: (/** @type {string} */ name) => `Delete “${name}”? Its layers and revisions cannot be brought back.`,
    layersFile: "PSD, ORA and ZIP files open with their layers.",
    uploading: (/** @type {string} */ name) => `Uploading ${name}`,
    opened: (/** @type {number} */ count) => `${counted(count, "picture")} submitted. They appear under Jobs, and here once they are done.`,
    updated: (/** @type {string} */ when) => `Changed ${when}`,
  },

  nav: { home: "Projects", generate: "Generate", edit: "Edit", jobs: "Jobs", signOut: "Sign out", skip: "Skip to content" },

  signIn: {
    heading: "Sign in",
    key: "API key",
    submit: "Sign in",
    about: "lamina keys create prints a key. The browser keeps a cookie only, not the key.",
    ended: "The session has ended. Sign in to go on: what you did is still here.",
    link: "On this machine, lamina studio opens a page that is signed in.",
    refused: "The link was used before, or is too old. lamina studio makes a new one.",
  },

  run: {
    heading: "New project",
    start: "Take apart",
    layers: "Layers",
    layersDefault: "A handful",
    layersAuto: "All that is seen",
    layersAtMost: (/** @type {number} */ count) => `At most ${count}`,
    engine: "Engine",
    engineAuto: "Automatic",
    caption: "Description of the picture",
    captionHelp: "For diffusion models only.",
    seed: "Seed",
    steps: "Steps",
    take: "Take this",
    takeHelp: "Draw boxes around things, or click on them, to make each a layer of its own.",
    taken: (/** @type {number} */ count) => counted(count, "thing"),
    clear: "Clear",
    price: (/** @type {string} */ usd) => (Number(usd) ? `$${usd}` : "Free"),
    expected: (/** @type {string} */ time) => `about ${time}`,
    unknownTime: "time not known yet",
    queued: (/** @type {number | null} */ position) => (position ? `In the queue, ${counted(position, "job")} before it` : "Starting"),
    eta: (/** @type {string} */ time) => `${time} left`,
    cancelled: "The job was cancelled.",
    failed: "The picture was not taken apart",
    retry: "Try again",
    standsIn: (/** @type {string} */ model) => `nano ran in place of ${model}, whose weights are missing here.`,
  },

  editor: {
    undo: "Undo",
    redo: "Redo",
    fit: "Fit to window",
    actual: "Actual size",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
    zoom: (/** @type {number} */ scale) => `${Math.round(scale * 100)} %`,
    compare: "Show the original while pressed",
    difference: "Difference from the original",
    differenceIs: (/** @type {number} */ most, /** @type {number} */ share) =>
      most === 0
        ? "The layers add up to the picture exactly: the largest difference is 0."
        : `Largest difference: ${most} of 255 levels, in ${share < 0.0005 ? "less than 0.1" : (share * 100).toFixed(1)} % of the pixels.`,
    measuring: "Comparing…",
    background: "Background of the stage",
    backgrounds: { checkerboard: "Checkerboard", black: "Black", white: "White", grey: "Grey" },
    export: "Export",
    history: "Revisions",
    help: "Keys",
    tools: "Tools",
    toolMove: "Move",
    toolBox: "Separate by a box",
    toolPoint: "Separate by a click",
    toolHand: "Pan",
    stage: "Stage",
    canvas: (/** @type {string} */ name) => `Layers of ${name}`,
    states: {
      saved: "Saved",
      saving: "Saving…",
      offline: "The server cannot be reached. Your edits are kept, and sent when it is back.",
      conflict: "Changed elsewhere",
      gone: "Deleted",
    },
    missing: "This project does not exist any more.",
    projectName: "Name of the project",
    layersButton: "Layers",
    propertiesButton: "Properties",
  },

  layers: {
    heading: "Layers",
    show: (/** @type {string} */ name) => `Show ${name}`,
    hide: (/** @type {string} */ name) => `Hide ${name}`,
    lock: (/** @type {string} */ name) => `Lock ${name}`,
    unlock: (/** @type {string} */ name) => `Unlock ${name}`,
    openGroup: (/** @type {string} */ name) => `Open group ${name}`,
    closeGroup: (/** @type {string} */ name) => `Close group ${name}`,
    solo: "Click with Alt to show only this layer",
    rename: "Name of the layer",
    empty: "The stack has no layers.",
    guessed: "guessed",
    guessedHelp: "Some of the pixels were not in the picture.",
    kinds: /** @type {Record<string, string>} */ ({
      background: "Background",
      text: "Text",
      object: "Object",
      panel: "Panel",
      area: "Area",
      small: "Small elements",
      group: "Group",
    }),
    moved: (/** @type {string} */ name, /** @type {number} */ place, /** @type {number} */ count) => `${name} moved to ${place} of ${count}`,
    selected: (/** @type {number} */ count) => (count ? `${counted(count, "layer")} selected` : "No layer selected"),
  },

  properties: {
    heading: "Properties",
    none: "Select a layer to change it.",
    several: (/** @type {number} */ count) => `${counted(count, "layer")} selected`,
    name: "Name",
    x: "X",
    y: "Y",
    width: "Width",
    height: "Height",
    opacity: "Opacity",
    blend: "Blend mode",
    angle: "Rotate by degrees",
    arrange: "Arrange",
    text: "Text",
    words: "Words",
    font: "Font",
    fontFile: "Use a font file",
    installedFonts: "Fonts of the server",
    chooseFont: "Choose a font",
    fontMissing: (/** @type {string} */ family) =>
      `${family} is not installed on the server. Choose one of its fonts, or use a font file.`,
    fontGuess: (/** @type {string} */ family, /** @type {number} */ confidence) => `Looks like ${family} (${Math.round(confidence * 100)} %)`,
    substitute: (/** @type {string} */ family) => `The picture seems to use ${family}. What you set here is a substitute.`,
    weight: "Weight",
    italic: "Italic",
    size: "Size in pixels",
    colour: "Colour",
    setText: "Set text",
    restoreText: "Back to the original pixels",
    words_edit: "Edit by words",
    prompt: "What should change",
    propose: "Propose",
    locked: "The layer is locked.",
  },

  commands: {
    duplicate: "Duplicate",
    delete: "Delete",
    rename: "Rename",
    group: "Group",
    ungroup: "Ungroup",
    merge: "Merge",
    mergeDown: "Merge down",
    flatten: "Flatten",
    split: "Take apart",
    complete: "Complete hidden part",
    replace: "Replace by a file",
    flipHorizontal: "Flip horizontally",
    flipVertical: "Flip vertically",
    rotateLeft: "Rotate 90° left",
    rotateRight: "Rotate 90° right",
    raise: "Raise",
    lower: "Lower",
    toTop: "To the top",
    toBottom: "To the bottom",
    hide: "Hide or show",
    lock: "Lock or unlock",
    selectAbove: "Select the layer above",
    selectBelow: "Select the layer below",
    selectAll: "Select all",
    deselect: "Deselect, or cancel",
    nudge: "Move by 1 pixel",
    nudgeMore: "Move by 10 pixels",
    copyLayer: "Copy the layer as PNG",
    saveLayer: "Save the layer as PNG",
    pan: "Pan (hold)",
  },

  proposals: {
    working: (/** @type {string} */ what) => `${what}…`,
    accept: "Accept",
    discard: "Discard",
    edited: (/** @type {string} */ name) => `Proposal for ${name}`,
    price: (/** @type {string} */ usd) => `This costs $${usd}. Go on?`,
    nothing: "There is no layer at this place.",
    oneAtATime: "Accept, discard or cancel the proposal that is open first.",
  },

  history: {
    heading: "Revisions",
    current: "current",
    goTo: (/** @type {string} */ description) => `Go to: ${description}`,
    takeBack: "Bring an edited file back",
    takeBackHelp: "A PSD, ORA or ZIP of this project that another program has changed becomes the next revision.",
    unchanged: "The file does not differ from the project.",
  },

  exporting: {
    heading: "Export",
    formats: /** @type {[string, string][]} */ ([
      ["psd", "Photoshop"],
      ["pptx", "PowerPoint"],
      ["svg", "SVG"],
      ["ora", "OpenRaster (Krita, GIMP)"],
      ["tiff", "TIFF of pages"],
      ["zip", "ZIP of PNGs"],
      ["webp", "Animated WebP"],
      ["png", "PNG, flat"],
    ]),
    editable: "Editable text and shapes",
    editableHelp: "Text may look a little different where its font is missing.",
    layer: "Selected layer",
    asCall: "As an API call or a command",
    copy: "Copy",
    copied: "Copied.",
    languages: { curl: "curl", python: "Python", fal: "fal", runware: "Runware", command: "Command line" },
  },

  conflict: {
    heading: "Changed elsewhere",
    about: "Another tab or person has changed this project since your last edit.",
    theirs: "Take theirs",
    theirsHelp: "Your unsaved edits are dropped.",
    mine: "Apply mine on top",
    mineHelp: "Their changes stay, and your edits follow them.",
  },

  jobs: {
    heading: "Jobs",
    none: "There are no jobs.",
    kinds: { generate: "Generation", edit: "Edit", decompose: "Decomposition", train: "Training" },
    states: {
      queued: "queued",
      running: "running",
      succeeded: "done",
      failed: "failed",
      errored: "failed by the server",
      cancelled: "cancelled",
    },
    cancel: "Cancel",
    open: "Open",
    took: (/** @type {string} */ time) => `took ${time}`,
    log: "Log",
    delete: "Delete",
  },

  make: {
    generate: "Generate a picture",
    edit: "Edit a picture",
    prompt: "Prompt",
    negative: "Negative prompt",
    model: "Model",
    modelMissing: (/** @type {string} */ title) => `${title} (weights are missing)`,
    size: "Size",
    count: "Number of pictures",
    seed: "Seed",
    steps: "Steps",
    guidance: "Guidance",
    loras: "LoRA",
    loraHelp: "job:ID of a training, file:ID, or an address.",
    references: "Pictures",
    addReference: "Add a picture",
    remove: "Remove",
    run: "Run",
    results: "Results",
    takeApart: "Take apart",
    editThis: "Edit",
    download: "Download",
  },

  help: { heading: "Keys", hold: "hold" },

  errors: {
    heading: "Something went wrong",
    status: (/** @type {number} */ status) => `The server answered with status ${status}.`,
    unreachable: "The server cannot be reached.",
    unreachableHint: "Check that it is running; the page tries again by itself.",
    notPicture: (/** @type {string} */ name) => `${name} is neither a picture nor a file of layers.`,
    tooLarge: (/** @type {string} */ name, /** @type {string} */ most) => `${name} is larger than ${most}, which is the most that the server takes.`,
    clipboard: "The browser does not allow this page to use the clipboard.",
    pageFault: "The page has a fault. Reload it: edits are kept.",
  },
};

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 1) return "1 s";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** @param {string} at RFC 3339 */
export function whenOf(at) {
  const minutes = (Date.now() - Date.parse(at)) / 60000;
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${Math.round(minutes)} min ago`;
  if (minutes < 24 * 60) return `${Math.round(minutes / 60)} h ago`;
  return new Date(at).toLocaleDateString();
}

/** @param {number} bytes */
export function sizeOf(bytes) {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / (1 << 20)).toFixed(0)} MiB`;
}
