/** @file The decomposition of a picture as code that can be pasted: over each API, and on the command line. */

/** The body comes from standard input, because pictures are too long for an argument. @param {string} before @param {string} after */
const withPicture = (before, after) => `{ printf '${before}data:image/png;base64,'; base64 -w0 picture.png; printf '${after}'; } |`;

/** @type {Record<"curl" | "python" | "fal" | "runware" | "command", (origin: string) => string>} */
export const CALLS = {
  curl: (origin) => `FILE=$(curl -sf ${origin}/v1/files -H "Authorization: Bearer $KEY" \\
  -F file=@picture.png | jq -r .reference)
curl -sf ${origin}/v1/decompositions -H "Authorization: Bearer $KEY" \\
  -H 'Prefer: wait=60' --json "{\\"image\\": \\"$FILE\\"}"`,
  python: () => `import lamina

stack = lamina.decompose("picture.png")
stack.save("layers.psd")`,
  fal: (origin) => `${withPicture('{"image_url": "', '", "num_layers": 4}')}
  curl -sf ${origin}/fal/run/fal-ai/qwen-image-layered -H "Authorization: Key $KEY" --json @-`,
  runware: (origin) => `ID=$(python3 -c 'import uuid; print(uuid.uuid4())')
${withPicture(`[{"taskType": "imageInference", "taskUUID": "'$ID'", "model": "alibaba:qwen-image@layered", "positivePrompt": "a picture", "inputs": {"referenceImages": ["`, '"]}}]')}
  curl -sf ${origin}/v1 -H "Authorization: Bearer $KEY" --json @-`,
  command: () => "lamina decompose picture.png --to layers.psd",
};
