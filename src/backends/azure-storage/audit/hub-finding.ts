/** What is wrong with an instance, by the rule that it breaks. */
export type HubRule =
  /** A checkpoint of several parts was begun and not finished. */
  | "CheckpointUnfinished"
  /** Rows of the history are missing between others. */
  | "HistoryGap"
  /** The history does not begin with one start. */
  | "StartWrong"
  /** The history has more than one end, or goes on after it. */
  | "EndWrong"
  /** A question is answered more than once. */
  | "AnswerRepeated"
  /** An answer stands before its question, or without one. */
  | "AnswerUnasked"
  /** The instance has a history and no row. */
  | "RowMissing"
  /** The row shows something else than the history. */
  | "RowDiffers"
  /** The row says that it has run, and there is no history. */
  | "HistoryMissing"
  /** It waits for work or for a time, and no message of the hub can bring an answer. */
  | "WorkLost"
  /** A row refers to a blob that is not there. */
  | "BlobMissing"
  /** A blob of an instance that is not there. */
  | "BlobForsaken"
  /** A message that nobody could run was put aside. */
  | "MessageQuarantined";

export interface HubFinding {
  /** Of the instance; for a message, the name of the blob that holds it. */
  readonly subject: string;
  readonly rule: HubRule;
  /** What was found. Never a payload. */
  readonly text: string;
}
