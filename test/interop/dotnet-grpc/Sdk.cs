using System.Diagnostics;
using System.Text.Json;
using DurableTask.Core.History;
using Grpc.Net.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Grpc;
using Microsoft.DurableTask.Worker.Grpc.Internal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DotnetGrpc;

/// <summary>The official .NET SDK: a client of a sidecar, and a worker when asked for.</summary>
sealed class Sdk : IPeer
{
    readonly GrpcChannel channel;
    readonly ServiceProvider services;
    readonly DurableTaskClient client;
    IHost? worker;

    public Sdk(string address)
    {
        this.channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        ServiceCollection collection = new();
        collection.AddLogging();
        collection.AddDurableTaskClient(builder =>
        {
            builder.UseGrpc(this.channel);
            builder.Configure(options => options.EnableEntitySupport = true);
            builder.RegisterDirectly();
        });
        this.services = collection.BuildServiceProvider();
        this.client = this.services.GetRequiredService<DurableTaskClient>();
    }

    public async Task<object?> RunAsync(string op, JsonElement args)
    {
        switch (op)
        {
            case "startWorker": await this.StartWorkerAsync(args); return null;
            case "stopWorker": await this.StopWorkerAsync(); return null;
            case "signalEntity" or "getEntity" or "queryEntities" or "cleanEntities": return await this.RunEntityAsync(op, args);
        }
        string id = args.Text("instanceId") ?? "";
        switch (op)
        {
            case "start":
                StartOrchestrationOptions options = new(args.Text("instanceId"), args.Time("startAt"))
                {
                    Version = args.Text("version") is string version ? new TaskVersion(version) : null,
                    Tags = args.TryGetProperty("tags", out JsonElement tags) ? tags.Deserialize<Dictionary<string, string>>()! : new Dictionary<string, string>(),
                    DedupeStatuses = args.TryGetProperty("dedupe", out _) ? args.Texts("dedupe") : null,
                };
                return await this.client.ScheduleNewOrchestrationInstanceAsync(args.Text("name")!, args.Any("input"), options);
            case "startTraced":
                using (Activity? span = Spans.Source.StartActivity("client"))
                {
                    string traced = await this.client.ScheduleNewOrchestrationInstanceAsync(args.Text("name")!, args.Any("input"));
                    return new { instanceId = traced, traceId = span!.TraceId.ToString() };
                }
            case "spans": return Spans.Of(args.Text("traceId")!);
            case "get": return Describe(await this.client.GetInstanceAsync(id, getInputsAndOutputs: !args.Flag("bare")));
            case "waitForStart":
                return Describe(await this.client.WaitForInstanceStartAsync(id, getInputsAndOutputs: true, Within(args)));
            case "waitForEnd":
                return Describe(await this.client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, Within(args)));
            case "raise": await this.client.RaiseEventAsync(id, args.Text("name")!, args.Any("input")); return null;
            case "terminate":
                await this.client.TerminateInstanceAsync(id, new TerminateInstanceOptions(args.Any("output"), args.Flag("recursive")));
                return null;
            case "suspend": await this.client.SuspendInstanceAsync(id, args.Text("reason")); return null;
            case "resume": await this.client.ResumeInstanceAsync(id, args.Text("reason")); return null;
            case "rewind": await this.client.RewindInstanceAsync(id, args.Text("reason") ?? ""); return null;
            case "restart": return await this.client.RestartAsync(id, args.Flag("newId"));
            case "purge":
                PurgeInstanceOptions deep = new(args.Flag("recursive"));
                PurgeResult purged = id != ""
                    ? await this.client.PurgeInstanceAsync(id, deep)
                    : await this.client.PurgeAllInstancesAsync(new PurgeInstancesFilter(args.Time("from"), args.Time("to"), Statuses(args)), deep);
                return purged.PurgedInstanceCount;
            case "query":
                OrchestrationQuery query = new(args.Time("from"), args.Time("to"), Statuses(args), null, args.Text("prefix"), args.Number("pageSize") ?? 100, args.Flag("payloads"));
                List<object?[]> pages = [];
                await foreach (Page<OrchestrationMetadata> page in this.client.GetAllInstancesAsync(query).AsPages())
                    pages.Add(page.Values.Select(Describe).ToArray());
                return pages;
            case "listIds":
                Page<string> ids = await this.client.ListInstanceIdsAsync(Statuses(args), args.Time("from"), args.Time("to"), args.Number("pageSize") ?? 100, args.Text("token"));
                return new { ids = ids.Values, token = ids.ContinuationToken };
            case "history":
                IList<HistoryEvent> history = await this.client.GetOrchestrationHistoryAsync(id);
                return history.Select(item => item.EventType.ToString());
            default: throw new ArgumentException($"unknown operation {op}");
        }
    }

    async Task<object?> RunEntityAsync(string op, JsonElement args)
    {
        DurableEntityClient entities = this.client.Entities;
        switch (op)
        {
            case "signalEntity":
                SignalEntityOptions options = new() { SignalTime = args.Time("at") };
                await entities.SignalEntityAsync(EntityInstanceId.FromString(args.Text("entityId")!), args.Text("name")!, args.Any("input"), options);
                return null;
            case "getEntity":
                return Describe(await entities.GetEntityAsync(EntityInstanceId.FromString(args.Text("entityId")!), includeState: true));
            case "queryEntities":
                EntityQuery query = new() { InstanceIdStartsWith = args.Text("prefix"), PageSize = args.Number("pageSize"), IncludeTransient = args.Flag("transient") };
                List<object?[]> pages = [];
                await foreach (Page<EntityMetadata> page in entities.GetAllEntitiesAsync(query).AsPages())
                    pages.Add(page.Values.Select(Describe).ToArray());
                return pages;
            default:
                return await entities.CleanEntityStorageAsync(new CleanEntityStorageRequest
                {
                    RemoveEmptyEntities = true,
                    ReleaseOrphanedLocks = true,
                });
        }
    }

    async Task StartWorkerAsync(JsonElement args)
    {
        await this.StopWorkerAsync();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddDurableTaskWorker(worker =>
        {
            worker.UseGrpc(this.channel);
            worker.UseGrpc(options =>
            {
                // As it is, the SDK writes entity traffic as events; for the Durable Task Scheduler, as entity messages.
                if (args.Text("entities") == "messages") options.ConfigureForAzureManaged();
                if (args.Number("chunkBytes") is int bytes) options.CompleteOrchestrationWorkItemChunkSizeInBytes = bytes;
            });
            worker.Configure(options => options.EnableEntitySupport = true);
            if (args.TryGetProperty("versioning", out JsonElement versioning))
            {
                worker.UseVersioning(new DurableTaskWorkerOptions.VersioningOptions
                {
                    Version = versioning.Text("version") ?? "",
                    DefaultVersion = versioning.Text("defaultVersion") ?? "",
                    MatchStrategy = Enum.Parse<DurableTaskWorkerOptions.VersionMatchStrategy>(versioning.Text("match") ?? "None"),
                    FailureStrategy = Enum.Parse<DurableTaskWorkerOptions.VersionFailureStrategy>(versioning.Text("failure") ?? "Reject"),
                });
            }
            worker.AddTasks(registry =>
            {
                Orchestrations.Register(registry);
                Entities.Register(registry);
            });
            if (args.Flag("filters")) worker.UseWorkItemFilters();
        });
        this.worker = builder.Build();
        await this.worker.StartAsync();
    }

    async Task StopWorkerAsync()
    {
        if (this.worker is null) return;
        await this.worker.StopAsync();
        this.worker.Dispose();
        this.worker = null;
    }

    static CancellationToken Within(JsonElement args) => new CancellationTokenSource(args.Number("timeoutMs") ?? 20_000).Token;

    static List<OrchestrationRuntimeStatus>? Statuses(JsonElement args) =>
        args.TryGetProperty("statuses", out _) ? args.Texts("statuses").ConvertAll(Enum.Parse<OrchestrationRuntimeStatus>) : null;

    static object? Describe(OrchestrationMetadata? state) => state is null ? null : new
    {
        state.InstanceId,
        state.Name,
        Status = state.RuntimeStatus.ToString(),
        Input = Parse(state.SerializedInput),
        Output = Parse(state.SerializedOutput),
        CustomStatus = Parse(state.SerializedCustomStatus),
        Failure = Describe(state.FailureDetails),
        state.CreatedAt,
        state.LastUpdatedAt,
        Tags = state.Tags.Count == 0 ? null : state.Tags,
    };

    static object? Describe(TaskFailureDetails? failure) => failure is null ? null : new
    {
        Type = failure.ErrorType,
        Message = failure.ErrorMessage,
        Inner = Describe(failure.InnerFailure),
        HasStack = !string.IsNullOrEmpty(failure.StackTrace),
    };

    static object? Describe(EntityMetadata? entity) => entity is null ? null : new
    {
        Id = entity.Id.ToString(),
        State = entity.IncludesState ? Parse(entity.State.Value) : null,
        entity.LockedBy,
        entity.BacklogQueueSize,
        entity.LastModifiedTime,
    };

    static JsonElement? Parse(string? json)
    {
        if (json is null) return null;
        try
        {
            return JsonDocument.Parse(json).RootElement;
        }
        catch (JsonException)
        {
            // The output of a failed orchestration is its failure in words.
            return JsonSerializer.SerializeToElement($"not JSON: {json}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await this.StopWorkerAsync();
        await this.services.DisposeAsync();
        this.channel.Dispose();
    }
}
