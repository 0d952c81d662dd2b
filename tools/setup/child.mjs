/** Child processes of set-up. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Output kept for an error message; npm and tsc say what matters within that. */
const KEPT = 16 * 1024;

/** Runs a tool to its end and answers its exit code and the end of its output (both streams, in order of arrival). */
export function runTool(command, args, options = {}) {
  return new Promise(resolve => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = chunk => {
      output = (output + chunk).slice(-KEPT);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", error => resolve({ code: 127, output: error.message }));
    child.once("close", (code, signal) =>
      resolve({ code: code ?? 128, output: signal ? `${output}\n${signal}` : output }),
    );
  });
}

const FORWARDED = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"];

/** A terminal sends Ctrl-C to the whole foreground group: passed on as well, the child would count it twice. */
const fromTerminal = signal => (signal === "SIGINT" || signal === "SIGQUIT") && process.stdin.isTTY === true;

/**
 * Runs a program in the foreground: signals are passed on. Answers its exit code, 128 + N where signal N ended it, and
 * the signal that we were sent meanwhile (`told`), if any.
 */
export function runForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: options.stdio ?? "inherit" });
    let told = null;
    const passOn = signal => {
      told = signal;
      if (!fromTerminal(signal)) child.kill(signal);
    };
    const handlers = FORWARDED.map(signal => [signal, () => passOn(signal)]);
    handlers.forEach(([signal, handler]) => process.on(signal, handler));
    const done = () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
    child.once("error", error => {
      done();
      reject(error);
    });
    child.once("close", (code, signal) => {
      done();
      resolve({ code: code ?? 128 + (constants.signals[signal] ?? 0), signal, told });
    });
  });
}

/** Puts another program in this one's place: by execve where Node has it, else as a child whose end becomes ours. */
export async function handOver(command, args, env) {
  if (typeof process.execve === "function") process.execve(command, [command, ...args], env);
  const { code, signal } = await runForeground(command, args, { env });
  if (signal) process.kill(process.pid, signal);
  process.exit(code);
}
