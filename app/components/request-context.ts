import { createContext } from "react";

/** The CSP nonce of the answer being rendered; the browser neither has nor needs one. */
export const NonceContext = createContext<string | undefined>(undefined);
