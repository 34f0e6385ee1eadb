using System.Security.Cryptography;
using System.Text;
using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

delegate Task<JToken?> OrchestrationCode(Orchestration self, JToken input);

sealed class EntityFailed(FailureDetails? details, string? message) : Exception(details?.ErrorMessage ?? message)
{
    public string? Type => details?.ErrorType;
}

/// <summary>
/// An orchestration as the SDKs on top of the core have it: events are waited for by name, ignoring case, and early ones
/// are kept; an answer of an entity is an event named by the id of its request.
/// </summary>
sealed class Orchestration : TaskOrchestration<JToken?, JToken, JToken, JToken?>
{
    readonly OrchestrationCode code;
    readonly Dictionary<string, Queue<TaskCompletionSource<JToken>>> waiting = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, Queue<JToken>> early = new(StringComparer.OrdinalIgnoreCase);
    OrchestrationEntityContext entities = null!;
    int guids;

    public Orchestration(OrchestrationCode code)
    {
        this.code = code;
        this.DataConverter = Json.Converter;
    }

    public OrchestrationContext Context { get; private set; } = null!;

    public string InstanceId => this.Context.OrchestrationInstance.InstanceId;

    /// <summary>The custom status.</summary>
    public JToken? Status { get; set; }

    public override Task<JToken?> RunTask(OrchestrationContext context, JToken input)
    {
        this.Context = context;
        context.MessageDataConverter = Json.Converter;
        context.ErrorDataConverter = Json.Converter;
        var self = context.OrchestrationInstance;
        this.entities = new OrchestrationEntityContext(self.InstanceId, self.ExecutionId, context);
        return this.code(this, input);
    }

    public override void OnEvent(OrchestrationContext context, string name, JToken input)
    {
        if (this.waiting.TryGetValue(name, out var waits) && waits.TryDequeue(out var wait)) wait.SetResult(input);
        else if (this.early.TryGetValue(name, out var kept)) kept.Enqueue(input);
        else this.early[name] = new Queue<JToken>([input]);
    }

    public override JToken? OnGetStatus() => this.Status;

    public Task<JToken> Event(string name)
    {
        if (this.early.TryGetValue(name, out var kept) && kept.TryDequeue(out var value)) return Task.FromResult(value);
        if (!this.waiting.TryGetValue(name, out var waits)) this.waiting[name] = waits = new();
        var wait = new TaskCompletionSource<JToken>();
        waits.Enqueue(wait);
        return wait.Task;
    }

    public Task<JToken> Do(string activity, object? input) => this.Context.ScheduleTask<JToken>(activity, "", new[] { input });

    /// <summary>`FanOut` and the like: so many at once.</summary>
    public async Task<int> DoAll(string activity, int count)
    {
        var tasks = Enumerable.Range(0, count).Select(index => this.Do(activity, index)).ToList();
        return (await Task.WhenAll(tasks)).Length;
    }

    public Task<JToken> Child(string name, JToken? input, string? suffix = null) =>
        suffix is null
            ? this.Context.CreateSubOrchestrationInstance<JToken>(name, "", input)
            : this.Context.CreateSubOrchestrationInstance<JToken>(name, "", this.InstanceId + suffix, input);

    public Task Timer(TimeSpan delay, CancellationToken cancel = default) =>
        this.Context.CreateTimer<object?>(this.Context.CurrentUtcDateTime + delay, null, cancel);

    /// <summary>Events that nobody has waited for are sent to the instance again.</summary>
    public void ContinueAsNew(object input)
    {
        foreach (var (name, kept) in this.early)
            foreach (var value in kept)
#pragma warning disable CS0618
                this.Context.SendEvent(To(this.InstanceId), name, new DurableTask.Core.Serializing.Internal.RawInput(Json.Write(value)));
#pragma warning restore CS0618
        this.Context.ContinueAsNew(input);
    }

    public async Task<JToken> Call(string entity, string operation, object? input = null)
    {
        if (!this.entities.ValidateOperationTransition(entity, false, out var problem))
            throw new InvalidOperationException(problem);
        var id = this.NextId();
        var answer = this.Event(id.ToString());
        this.Send(this.entities.EmitRequestMessage(To(entity), operation, false, id, null, Text(input)));
        var result = await this.Answer(answer);
        this.entities.RecoverLockAfterCall(entity);
        return result.IsError ? throw new EntityFailed(result.FailureDetails, result.ErrorMessage) : Json.Read(result.Result);
    }

    /// <param name="delay">seconds</param>
    public void Signal(string entity, string operation, object? input = null, double? delay = null)
    {
        if (!this.entities.ValidateOperationTransition(entity, true, out var problem))
            throw new InvalidOperationException(problem);
        DateTime? due = delay is null ? null : this.Context.CurrentUtcDateTime.AddSeconds(delay.Value);
        (DateTime, DateTime)? times = due is null ? null : (due.Value, due.Value);
        this.Send(this.entities.EmitRequestMessage(To(entity), operation, true, this.NextId(), times, Text(input)));
    }

    public async Task Lock(params EntityId[] locked)
    {
        if (!this.entities.ValidateAcquireTransition(out var problem)) throw new InvalidOperationException(problem);
        var id = this.NextId();
        var answer = this.Event(id.ToString());
        this.Send(this.entities.EmitAcquireMessage(id, locked));
        this.entities.CompleteAcquire(await this.Answer(answer), id);
    }

    public void Release()
    {
        foreach (var message in this.entities.EmitLockReleaseMessages().ToList()) this.Send(message);
    }

    /// <summary>Notes the moment, on the clock of the machine. Replay notes nothing.</summary>
    public void Mark(string what)
    {
        if (!this.Context.IsReplaying) Marks.Add(this.InstanceId, what);
    }

    async Task<OperationResult> Answer(Task<JToken> answer) =>
        this.entities.DeserializeEntityResponseEvent(Json.Write(await answer));

    void Send(EntityMessageEvent message) =>
        this.Context.SendEvent(message.TargetInstance, message.EventName, message.AsRawInput());

    /// <summary>The same in every replay, as the SDKs have it; of the time of the episode, which ours are not.</summary>
    Guid NextId()
    {
        var name = $"{this.InstanceId} {this.Context.CurrentUtcDateTime:o} {this.guids++}";
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
    }

    public static OrchestrationInstance To(string instanceId) => new() { InstanceId = instanceId };

    static string? Text(object? input) => input is null ? null : Json.Write(input);
}
