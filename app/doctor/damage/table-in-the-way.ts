/**
 * Another program's table has the name of one that must be made; the message is for an operator.
 */
export class TableInTheWayError extends Error {
  override name = "TableInTheWayError";
}
