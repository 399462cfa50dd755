/**
 * NODE_OPTIONS for a server whose processes, at SIGUSR2, leave a promise rejected that nobody looks at.
 * @param message of its error
 */
export function strayRejectionAtSigusr2(message: string): string {
  const script = `process.on("SIGUSR2",()=>{void Promise.reject(new Error(${JSON.stringify(message)}))})`;
  return `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`;
}
