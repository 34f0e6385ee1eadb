import type { ServiceDefinition } from "@grpc/grpc-js";
import type { TypedData } from "../../../src/host/app/typed-data.ts";

export declare const functionRpc: ServiceDefinition;

/** One member beside `requestId` is set; `content` names it in what is received. */
export interface StreamingMessage {
  readonly requestId?: string;
  readonly content?: string;
  readonly startStream?: { readonly workerId: string };
  readonly rpcLog?: RpcLog;
  readonly workerInitRequest?: {
    readonly hostVersion: string;
    readonly capabilities: Readonly<Record<string, string>>;
    readonly workerDirectory: string;
    readonly functionAppDirectory: string;
  };
  readonly workerInitResponse?: {
    readonly capabilities: Readonly<Record<string, string>>;
    readonly result: StatusResult;
  };
  readonly functionEnvironmentReloadRequest?: {
    readonly environmentVariables: Readonly<Record<string, string>>;
    readonly functionAppDirectory: string;
  };
  readonly functionEnvironmentReloadResponse?: { readonly result: StatusResult };
  readonly functionsMetadataRequest?: { readonly functionAppDirectory: string };
  readonly functionMetadataResponse?: {
    readonly functionMetadataResults: readonly RpcFunctionMetadata[];
    readonly useDefaultMetadataIndexing: boolean;
    readonly result: StatusResult;
  };
  readonly functionLoadRequest?: { readonly functionId: string; readonly metadata: RpcFunctionMetadata };
  readonly functionLoadResponse?: { readonly functionId: string; readonly result: StatusResult };
  readonly invocationRequest?: InvocationRequest;
  readonly invocationResponse?: InvocationResponse;
  readonly workerTerminate?: { readonly gracePeriod: { readonly seconds: number } };
}

export interface RpcLog {
  readonly invocationId: string;
  readonly category: string;
  readonly level: string;
  readonly message: string;
  readonly logCategory: "User" | "System" | "CustomMetric";
}

export interface StatusResult {
  readonly status: "Failure" | "Success" | "Cancelled";
  readonly exception: { readonly message: string; readonly stackTrace: string } | null;
}

export interface RpcFunctionMetadata {
  readonly name: string;
  readonly functionId: string;
  readonly scriptFile: string;
  readonly directory: string;
  /** JSON texts, one for each binding. */
  readonly rawBindings: readonly string[];
}

interface ParameterBinding {
  readonly name: string;
  readonly data: TypedData;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly ParameterBinding[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: {
    readonly traceParent: string;
    readonly traceState: string;
    readonly attributes: Readonly<Record<string, string>>;
  };
}

export interface InvocationResponse {
  readonly invocationId: string;
  readonly returnValue: TypedData | null;
  readonly result: StatusResult;
}
