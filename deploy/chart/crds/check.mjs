// Holds custom resources (JSON, a list, on standard input) against the types that others generated from the operators' own definitions.
// A literal of such a type may have no field that the type does not have: that is TypeScript's rule, and here the point of it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const packages = { "keda.sh/v1alpha1": "@kubernetes-models/keda", "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator" };
const resources = JSON.parse(readFileSync(0, "utf8"));

const source = resources
  .map(({ apiVersion, kind, ...rest }, n) => {
    if (!packages[apiVersion]) throw new Error(`no types for ${apiVersion} ${kind}`);
    const type = `import("${packages[apiVersion]}/${apiVersion}/${kind}").I${kind}`;
    return `export const r${n}: ${type} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
  })
  .join("\n");

const here = dirname(fileURLToPath(import.meta.url));
const file = join(here, "resources.ts");
const options = { noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.ES2022, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] };
const host = ts.createCompilerHost(options);
const read = host.getSourceFile.bind(host);
host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(file, source, ts.ScriptTarget.ES2022) : read(name, ...rest));
const exists = host.fileExists.bind(host);
host.fileExists = (name) => name === file || exists(name);

const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
for (const { file: at, start, messageText } of found) {
  const line = at && at.getLineAndCharacterOfPosition(start).line;
  const resource = at?.fileName === file ? `${resources[line].kind} ${resources[line].metadata.name}: ` : "";
  console.log(resource + ts.flattenDiagnosticMessageText(messageText, "\n  "));
}
console.log(`${resources.length} custom resources, ${found.length} mistakes`);
process.exit(found.length === 0 ? 0 : 1);
