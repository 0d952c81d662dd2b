/** What package.json's scripts can ask for. */

/** `program`: a file under the root and its arguments, run by Node, or by itself where it is `executable`. `pulumi`: the Pulumi CLI must be there first. */
export const verbs = {
  prepare: { pulumi: false },
  demo: { pulumi: true, program: ["tools/setup/demo.mjs"] },
  serve: { pulumi: true, program: ["bin/holdfast", "serve"], executable: true },
  bench: { pulumi: true, program: ["bench/main.ts"] },
  soak: { pulumi: true, program: ["soak/main.ts"] },
  test: { pulumi: true, program: ["tools/setup/test.mjs", "test"] },
  fuzz: { pulumi: false, program: ["tools/setup/fuzz.mjs"] },
  check: { pulumi: true, program: ["tools/setup/test.mjs", "check"] },
};
