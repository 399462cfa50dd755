/**
 * NODE_OPTIONS for a server whose processes, on SIGUSR2, reject a promise that nobody handles.
 * @param message the error's message
 */
export function strayRejectionAtSigusr2(message: string): string {
  const script = `process.on("SIGUSR2",()=>{void Promise.reject(new Error(${JSON.stringify(message)}))})`;
  return `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`;
}
