// Reads a JSON list of {expression, variables} from standard input; writes for each {value}, {error} or {}, as JSONata's
// reference implementation evaluates it.
const jsonata = require("jsonata");

async function evaluated({ expression, variables }) {
  try {
    const evaluator = jsonata(expression);
    evaluator.registerFunction("parse", (text) => JSON.parse(text));
    const value = await evaluator.evaluate(undefined, variables);
    return value === undefined ? {} : { value };
  } catch (error) {
    return { error: String(error.message) };
  }
}

async function main() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const answers = [];
  for (const given of JSON.parse(text)) answers.push(await evaluated(given));
  process.stdout.write(JSON.stringify(answers));
}

main();
