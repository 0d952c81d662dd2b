/** TypeScript, transpiled without a type check by tsx, for `require` and `import` alike. */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

interface Registering {
  register(options?: { readonly tsconfig?: string }): unknown;
}
const require = createRequire(import.meta.url);
const load = (name: string): Registering => require(name) as Registering;

let commonJs: Registering | undefined;
let esm: Registering | undefined;

interface Compiler {
  transformSync(code: string): unknown;
}

/** Its first call starts a process, 0.1 s: before it is known what there is to compile. */
function startCompiler(): void {
  const compiler = createRequire(require.resolve("tsx/package.json"))("esbuild") as Compiler;
  compiler.transformSync("");
}

/** tsx keeps compiled files below the temporary folder that it finds when it is loaded: one that nobody else can write. */
export function preloadTypescript(transpiled: string): void {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = transpiled;
  mkdirSync(process.env.TMPDIR, { recursive: true, mode: 0o700 });
  commonJs = load("tsx/cjs/api");
  esm = load("tsx/esm/api");
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  startCompiler();
}

/** To be called in the folder that the program works in: tsx takes the tsconfig from there. */
export function registerTypescript(tsconfig: string | undefined): void {
  if (tsconfig !== undefined) process.env.TSX_TSCONFIG_PATH = path.resolve(tsconfig);
  commonJs?.register();
  esm?.register();
  delete process.env.TSX_TSCONFIG_PATH;
}
