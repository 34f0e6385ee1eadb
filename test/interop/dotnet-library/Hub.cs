using DurableTask.AzureStorage;
using DurableTask.AzureStorage.Tracking;
using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.History;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

/// <summary>One task hub: a client, and at most one worker at a time.</summary>
sealed class Hub(HubOptions options)
{
    readonly AzureStorageOrchestrationService client = new(options.For("client"));
    TaskHubWorker? worker;

    public Task Create() => this.client.CreateIfNotExistsAsync();

    /// <param name="entities">names of those that the worker knows</param>
    /// <param name="app">name of its app</param>
    public async Task StartWorker(string id, IReadOnlyCollection<string> entities, string? app)
    {
        await this.Create();
        this.worker = new TaskHubWorker(new AzureStorageOrchestrationService(options.For(id, app)))
        {
            ErrorPropagationMode = options.SerializeExceptions
                ? ErrorPropagationMode.SerializeExceptions
                : ErrorPropagationMode.UseFailureDetails,
        };
        foreach (var (name, code) in EntityOrchestrations.All.Concat(Scenarios.Orchestrations))
            foreach (var version in Scenarios.VersionsOf(name))
                this.worker.AddTaskOrchestrations(new Named<TaskOrchestration>(name, version, () => new Orchestration(code)));
        foreach (var (name, create) in Scenarios.Activities)
            this.worker.AddTaskActivities(new Named<TaskActivity>(name, "", create));
        foreach (var (name, create) in Entities.All)
            if (entities.Contains(name)) this.worker.AddTaskEntities(new Named<TaskEntity>(name, "", create));
        await this.worker.StartAsync();
        if (!options.SerializeExceptions) return;
        this.worker.TaskOrchestrationDispatcher.IncludeDetails = true;
        this.worker.TaskActivityDispatcher.IncludeDetails = true;
    }

    public async Task StopWorker()
    {
        if (this.worker is not null) await this.worker.StopAsync(false);
        this.worker = null;
    }

    public async Task Start(string id, string orchestration, JObject request)
    {
        await this.Create();
        var instance = new OrchestrationInstance { InstanceId = id, ExecutionId = Guid.NewGuid().ToString("N") };
        // The text as it is, which is how the hosts on top of the core start.
        var started = new ExecutionStartedEvent(-1, (string?)request["input"])
        {
            Name = orchestration,
            Version = (string?)request["version"] ?? "",
            OrchestrationInstance = instance,
            Tags = request["tags"]?.ToObject<Dictionary<string, string>>(),
            ScheduledStartTime = request["startMs"] is { } ms ? DateTime.UtcNow.AddMilliseconds((double)ms) : null,
        };
        var message = new TaskMessage { OrchestrationInstance = instance, Event = started };
        // What the hosts refuse to replace.
        OrchestrationStatus[] running = [OrchestrationStatus.Running, OrchestrationStatus.ContinuedAsNew, OrchestrationStatus.Pending, OrchestrationStatus.Suspended];
        await this.client.CreateTaskOrchestrationAsync(message, running);
    }

    public async Task<JToken> State(string id)
    {
        var states = await this.client.GetOrchestrationStateAsync(id, false, true);
        return states.FirstOrDefault() is { } state ? Describe(state) : JValue.CreateNull();
    }

    public async Task<JToken> List(string prefix)
    {
        var condition = new OrchestrationInstanceStatusQueryCondition { InstanceIdPrefix = prefix };
        var states = new JArray();
        string? continuation = null;
        do
        {
            var page = await this.client.GetOrchestrationStateAsync(condition, 100, continuation);
            foreach (var state in page.OrchestrationState) states.Add(Describe(state));
            continuation = page.ContinuationToken;
        } while (continuation is not null);
        return states;
    }

    static JObject Describe(OrchestrationState state) => new()
    {
        ["instanceId"] = state.OrchestrationInstance.InstanceId,
        ["executionId"] = state.OrchestrationInstance.ExecutionId,
        ["name"] = state.Name,
        ["version"] = state.Version,
        ["runtimeStatus"] = state.OrchestrationStatus.ToString(),
        ["input"] = state.Input,
        ["output"] = state.Output,
        ["customStatus"] = state.Status,
        ["createdTime"] = state.CreatedTime.ToString("o"),
        ["generation"] = state.Generation,
        ["tags"] = state.Tags is null ? null : JObject.FromObject(state.Tags),
        ["parentInstanceId"] = state.ParentInstance?.OrchestrationInstance.InstanceId,
    };

    /// <summary>The events of the last execution, as JSON.</summary>
    public async Task<JToken> History(string id) => Json.Read(await this.client.GetOrchestrationHistoryAsync(id, null));

    public Task Raise(string id, string eventName, string? input) => this.Send(new TaskMessage
    {
        OrchestrationInstance = Orchestration.To(id),
        Event = new EventRaisedEvent(-1, input) { Name = eventName },
    });

    public Task Terminate(string id, string reason) => new TaskHubClient(this.client).TerminateInstanceAsync(Orchestration.To(id), reason);

    public Task Suspend(string id, string reason) => new TaskHubClient(this.client).SuspendInstanceAsync(Orchestration.To(id), reason);

    public Task Resume(string id, string reason) => new TaskHubClient(this.client).ResumeInstanceAsync(Orchestration.To(id), reason);

    public Task Rewind(string id, string reason) => this.client.RewindTaskOrchestrationAsync(id, reason);

    /// <returns>how many instances are gone</returns>
    public async Task<int> Purge(string id) => (await this.client.PurgeInstanceHistoryAsync(id)).InstancesDeleted;

    /// <param name="delay">milliseconds</param>
    public Task Signal(string entity, string operation, string? input, double? delay)
    {
        DateTime? due = delay is null ? null : DateTime.UtcNow.AddMilliseconds(delay.Value);
        (DateTime, DateTime)? times = due is null ? null : (due.Value, due.Value);
        var target = Orchestration.To(entity);
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

        public Named(string name, string version, Func<T> create)
        {
            this.Name = name;
            this.Version = version;
            this.create = create;
        }

        public override T Create() => this.create();
    }
}
