using System.Security.Cryptography;
using System.Text;
using DurableTask.Core;
using DurableTask.Core.Entities;
using DurableTask.Core.Entities.OperationFormat;
using Newtonsoft.Json.Linq;

namespace DotnetLibrary;

delegate Task<JToken> OrchestrationCode(EntityOrchestration self, JToken input);

sealed class EntityFailed(FailureDetails? details, string? message) : Exception(details?.ErrorMessage ?? message)
{
    public string? Type => details?.ErrorType;
}

/// <summary>
/// An orchestration that uses entities as the SDKs on top of the core do: an answer is an event named by the id of its
/// request.
/// </summary>
sealed class EntityOrchestration : TaskOrchestration<JToken, JToken, JToken, JToken>
{
    readonly OrchestrationCode code;
    readonly Dictionary<string, TaskCompletionSource<JToken>> waiting = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, Queue<JToken>> early = new(StringComparer.OrdinalIgnoreCase);
    OrchestrationContext context = null!;
    OrchestrationEntityContext entities = null!;
    int guids;

    public EntityOrchestration(OrchestrationCode code)
    {
        this.code = code;
        this.DataConverter = Json.Converter;
    }

    public string InstanceId => this.context.OrchestrationInstance.InstanceId;

    public override Task<JToken> RunTask(OrchestrationContext context, JToken input)
    {
        this.context = context;
        context.MessageDataConverter = Json.Converter;
        context.ErrorDataConverter = Json.Converter;
        var self = context.OrchestrationInstance;
        this.entities = new OrchestrationEntityContext(self.InstanceId, self.ExecutionId, context);
        return this.code(this, input);
    }

    public override void OnEvent(OrchestrationContext context, string name, JToken input)
    {
        if (this.waiting.Remove(name, out var wait)) wait.SetResult(input);
        else if (this.early.TryGetValue(name, out var kept)) kept.Enqueue(input);
        else this.early[name] = new Queue<JToken>([input]);
    }

    public Task<JToken> Event(string name)
    {
        if (this.early.TryGetValue(name, out var kept) && kept.TryDequeue(out var value)) return Task.FromResult(value);
        return (this.waiting[name] = new TaskCompletionSource<JToken>()).Task;
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
        DateTime? due = delay is null ? null : this.context.CurrentUtcDateTime.AddSeconds(delay.Value);
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
        if (!this.context.IsReplaying) Marks.Add(this.InstanceId, what);
    }

    async Task<OperationResult> Answer(Task<JToken> answer) =>
        this.entities.DeserializeEntityResponseEvent(Json.Write(await answer));

    void Send(EntityMessageEvent message) =>
        this.context.SendEvent(message.TargetInstance, message.EventName, message.AsRawInput());

    /// <summary>The same in every replay, as the SDKs have it; of the time of the episode, which ours are not.</summary>
    Guid NextId()
    {
        var name = $"{this.InstanceId} {this.context.CurrentUtcDateTime:o} {this.guids++}";
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
    }

    static OrchestrationInstance To(string entity) => new() { InstanceId = entity };

    static string? Text(object? input) => input is null ? null : Json.Write(input);
}
