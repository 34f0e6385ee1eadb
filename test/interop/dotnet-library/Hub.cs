using DurableTask.AzureStorage;
using DurableTask.AzureStorage.Partitioning;
using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.History;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>One task hub: a client, and at most one worker at a time.</summary>
sealed class Hub(string connectionString, string name, int partitions, string management)
{
    readonly AzureStorageOrchestrationService client = new(Settings(connectionString, name, partitions, management, "client", null));
    TaskHubWorker? worker;

    /// <param name="management">how partitions are kept: table, safe or legacy</param>
    static AzureStorageOrchestrationServiceSettings Settings(
        string connectionString, string hub, int partitions, string management, string worker, string? app) => new()
    {
        UseTablePartitionManagement = management == "table",
        UseLegacyPartitionManagement = management == "legacy",
        AppName = app ?? "",
        AppLeaseOptions = new AppLeaseOptions { AcquireInterval = TimeSpan.FromSeconds(1), LeaseInterval = TimeSpan.FromSeconds(15), RenewInterval = TimeSpan.FromSeconds(3) },
        StorageAccountClientProvider = new StorageAccountClientProvider(connectionString),
        TaskHubName = hub,
        PartitionCount = partitions,
        WorkerId = worker,
        UseSeparateQueueForEntityWorkItems = true,
        MaxQueuePollingInterval = TimeSpan.FromMilliseconds(100),
        // Who is killed is succeeded soon.
        ControlQueueVisibilityTimeout = TimeSpan.FromSeconds(15),
        // A lease on a blob lasts 15 seconds at least.
        LeaseInterval = TimeSpan.FromSeconds(management == "table" ? 10 : 15),
        LeaseRenewInterval = TimeSpan.FromMilliseconds(500),
        LeaseAcquireInterval = TimeSpan.FromMilliseconds(500),
    };

    public Task Create() => this.client.CreateIfNotExistsAsync();

    /// <param name="entities">names of those that the worker knows</param>
    /// <param name="app">name of its app</param>
    public async Task StartWorker(string id, IReadOnlyCollection<string> entities, string? app)
    {
        this.worker = new TaskHubWorker(new AzureStorageOrchestrationService(Settings(connectionString, name, partitions, management, id, app)))
        {
            ErrorPropagationMode = ErrorPropagationMode.UseFailureDetails,
        };
        foreach (var (each, code) in Orchestrations.All)
            this.worker.AddTaskOrchestrations(new Named<TaskOrchestration>(each, () => new EntityOrchestration(code)));
        foreach (var (each, create) in Entities.All)
            if (entities.Contains(each)) this.worker.AddTaskEntities(new Named<TaskEntity>(each, create));
        await this.worker.StartAsync();
    }

    public async Task StopWorker()
    {
        if (this.worker is not null) await this.worker.StopAsync(false);
        this.worker = null;
    }

    public async Task Start(string id, string orchestration, string? input)
    {
        var instance = new OrchestrationInstance { InstanceId = id, ExecutionId = Guid.NewGuid().ToString("N") };
        // The text as it is, which is how the hosts on top of the core start.
        var started = new ExecutionStartedEvent(-1, input) { Name = orchestration, Version = "", OrchestrationInstance = instance };
        await this.client.CreateTaskOrchestrationAsync(new TaskMessage { OrchestrationInstance = instance, Event = started });
    }

    public async Task<JToken> Status(string id)
    {
        var states = await this.client.GetOrchestrationStateAsync(id, false, false);
        var state = states.FirstOrDefault();
        if (state is null) return JValue.CreateNull();
        return new JObject { ["status"] = state.OrchestrationStatus.ToString(), ["output"] = state.Output };
    }

    public Task Raise(string id, string eventName, string? input) => this.Send(new TaskMessage
    {
        OrchestrationInstance = new OrchestrationInstance { InstanceId = id },
        Event = new EventRaisedEvent(-1, input) { Name = eventName },
    });

    /// <param name="delay">milliseconds</param>
    public Task Signal(string entity, string operation, string? input, double? delay)
    {
        DateTime? due = delay is null ? null : DateTime.UtcNow.AddMilliseconds(delay.Value);
        (DateTime, DateTime)? times = due is null ? null : (due.Value, due.Value);
        var target = new OrchestrationInstance { InstanceId = entity };
        return this.Send(ClientEntityHelpers.EmitOperationSignal(target, Guid.NewGuid(), operation, input, times).AsTaskMessage());
    }

    Task Send(TaskMessage message) => this.client.SendTaskOrchestrationMessageAsync(message);

    public async Task<JToken> ReadEntity(string entity)
    {
        var queries = ((IEntityOrchestrationService)this.client).EntityBackendQueries!;
        var found = await queries.GetEntityAsync(EntityId.FromString(entity), true, true, default);
        if (found is not { } metadata) return JValue.CreateNull();
        return new JObject
        {
            ["state"] = metadata.SerializedState,
            ["queueSize"] = metadata.BacklogQueueSize,
            ["lockedBy"] = metadata.LockedBy,
        };
    }

    sealed class Named<T> : ObjectCreator<T>
    {
        readonly Func<T> create;

        public Named(string name, Func<T> create)
        {
            this.Name = name;
            this.Version = "";
            this.create = create;
        }

        public override T Create() => this.create();
    }
}
