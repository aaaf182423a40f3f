// Formats JSON without parsing it: every number and name stays as it was written, even in broken JSON.

const TOKENS = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs;
const STEP = "  ";

const isWord = (token) => token !== "" && !"{}[],:".includes(token);

export function indented(text) {
  const lines = [""];
  let depth = 0;
  let before = "";
  const put = (piece) => {
    lines[lines.length - 1] += piece;
  };
  const turn = () => lines.push(STEP.repeat(depth));
  for (const [token] of text.matchAll(TOKENS)) {
    const isEnd = token === "}" || token === "]";
    const isBegun = before === "{" || before === "[";
    if (isEnd) depth = Math.max(depth - 1, 0);
    if (isEnd ? !isBegun : isBegun || before === ",") turn();
    if (isWord(before) && isWord(token)) put(" ");
    put(token === ":" ? ": " : token);
    if (token === "{" || token === "[") depth += 1;
    before = token;
  }
  return lines.join("\n");
}
