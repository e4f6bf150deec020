// Reads a JSON list of definitions from standard input, writes for each the findings of both validators.
const { getLanguageService, TextDocument } = require("amazon-states-language-service");
const aslValidator = require("asl-validator");

const service = getLanguageService({});
service.configure({ validate: true, allowComments: false });

async function languageService(definition) {
  const document = TextDocument.create("asl://definition.asl", "asl", 1, JSON.stringify(definition, null, 1));
  const findings = await service.doValidation(document, service.parseJSONDocument(document));
  return findings.map((finding) => `line ${finding.range.start.line + 1}: ${finding.message}`);
}

function schemas(definition) {
  const { errors } = aslValidator(structuredClone(definition), { checkPaths: true, checkArn: true });
  return errors.map((error) => {
    const where = error.path ?? (error.schemaError ? error.schemaError.instancePath : "");
    return `${error["Error code"]} ${where}: ${error.Message}`;
  });
}

async function main() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const answers = [];
  for (const definition of JSON.parse(text)) {
    answers.push({
      "amazon-states-language-service": await languageService(definition),
      "asl-validator": schemas(definition),
    });
  }
  process.stdout.write(JSON.stringify(answers));
}

main();
