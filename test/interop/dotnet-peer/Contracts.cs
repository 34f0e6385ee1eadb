// What travels, as .NET classes. The serializer derives names and order of the members from their shape: fields before
// properties, a derived class before its base. So the shape is part of the format: do not tidy it up.
using System.Runtime.Serialization;
using DurableTask.Core.Tracing;

namespace DurableTask.AzureStorage
{
    [DataContract]
    public class MessageData
    {
        [DataMember] public Guid ActivityId { get; set; }
        [DataMember] public Core.TaskMessage? TaskMessage { get; set; }
        [DataMember] public string? CompressedBlobName { get; set; }
        [DataMember] public long SequenceNumber { get; set; }
        [DataMember(EmitDefaultValue = false)] public int? Episode { get; set; }
        [DataMember, Newtonsoft.Json.JsonProperty(TypeNameHandling = Newtonsoft.Json.TypeNameHandling.None)]
        public Core.OrchestrationInstance? Sender { get; set; }
        [DataMember] public string? SerializableTraceContext { get; set; }
    }
}

namespace DurableTask.Core
{
    using DurableTask.Core.History;

    [DataContract]
    public class TaskMessage
    {
        [DataMember] public HistoryEvent Event = null!;
        [DataMember] public long SequenceNumber;
        [DataMember] public OrchestrationInstance OrchestrationInstance = null!;
        [DataMember] public OrchestrationExecutionContext? OrchestrationExecutionContext { get; set; }
    }

    [DataContract]
    public class OrchestrationInstance
    {
        [DataMember] public string InstanceId { get; set; } = "";
        [DataMember] public string? ExecutionId { get; set; }
    }

    [DataContract]
    public class OrchestrationExecutionContext
    {
        [DataMember] public IDictionary<string, string>? OrchestrationTags { get; set; }
    }

    [DataContract]
    public class ParentInstance
    {
        [DataMember] public string? Name;
        [DataMember] public OrchestrationInstance OrchestrationInstance = null!;
        [DataMember] public int TaskScheduleId;
        [DataMember] public string? Version;
    }

    public class FailureDetails
    {
        [Newtonsoft.Json.JsonConstructor]
        public FailureDetails(
            string errorType, string errorMessage, string? stackTrace, FailureDetails? innerFailure, bool isNonRetriable,
            IDictionary<string, object?>? properties)
        {
            ErrorType = errorType;
            ErrorMessage = errorMessage;
            StackTrace = stackTrace;
            InnerFailure = innerFailure;
            IsNonRetriable = isNonRetriable;
            Properties = properties;
        }

        public string ErrorType { get; }
        public string ErrorMessage { get; }
        public string? StackTrace { get; }
        public FailureDetails? InnerFailure { get; }
        public bool IsNonRetriable { get; }
        public IDictionary<string, object?>? Properties { get; }

        public override string ToString() => $"{ErrorType}: {ErrorMessage}";
    }

    public enum OrchestrationStatus
    {
        Running, Completed, ContinuedAsNew, Failed, Canceled, Terminated, Pending, Suspended,
    }
}

namespace DurableTask.Core.Tracing
{
    [DataContract]
    public class DistributedTraceContext
    {
        [DataMember] public string? TraceParent { get; set; }
        [DataMember] public string? TraceState { get; set; }
        [DataMember] public string? Id { get; set; }
        [DataMember] public string? SpanId { get; set; }
        [DataMember] public DateTimeOffset? ActivityStartTime { get; set; }
    }
}

namespace DurableTask.Core.History
{
    public enum EventType
    {
        ExecutionStarted, ExecutionCompleted, ExecutionFailed, ExecutionTerminated, TaskScheduled, TaskCompleted,
        TaskFailed, SubOrchestrationInstanceCreated, SubOrchestrationInstanceCompleted, SubOrchestrationInstanceFailed,
        TimerCreated, TimerFired, OrchestratorStarted, OrchestratorCompleted, EventSent, EventRaised, ContinueAsNew,
        GenericEvent, HistoryState, ExecutionSuspended, ExecutionResumed, ExecutionRewound,
    }

    [DataContract]
    public abstract class HistoryEvent
    {
        [DataMember] public int EventId { get; set; } = -1;
        [DataMember] public bool IsPlayed { get; set; }
        [DataMember] public DateTime Timestamp { get; set; } = DateTime.UtcNow;
        [DataMember] public virtual EventType EventType { get; private set; }
    }

    [DataContract]
    public class ExecutionStartedEvent : HistoryEvent
    {
        [DataMember] public OrchestrationInstance OrchestrationInstance = null!;
        public override EventType EventType => EventType.ExecutionStarted;
        [DataMember] public ParentInstance? ParentInstance { get; set; }
        [DataMember] public string? Name { get; set; }
        [DataMember] public string? Version { get; set; }
        [DataMember] public string? Input { get; set; }
        [DataMember] public IDictionary<string, string>? Tags { get; set; }
        [DataMember] public string? Correlation { get; set; }
        [DataMember] public DistributedTraceContext? ParentTraceContext { get; set; }
        [DataMember] public DateTime? ScheduledStartTime { get; set; }
        [DataMember] public int? Generation { get; set; }
        [DataMember] public bool GenerateNewTrace { get; set; }
    }

    [DataContract]
    public class ExecutionCompletedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.ExecutionCompleted;
        [DataMember] public OrchestrationStatus OrchestrationStatus { get; set; }
        [DataMember] public string? Result { get; set; }
        [DataMember] public FailureDetails? FailureDetails { get; set; }
    }

    [DataContract]
    public class ContinueAsNewEvent : ExecutionCompletedEvent
    {
        public override EventType EventType => EventType.ContinueAsNew;
    }

    [DataContract]
    public class ExecutionTerminatedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.ExecutionTerminated;
        [DataMember] public string? Input { get; set; }
    }

    [DataContract]
    public class ExecutionSuspendedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.ExecutionSuspended;
        [DataMember] public string? Reason { get; set; }
    }

    [DataContract]
    public class ExecutionResumedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.ExecutionResumed;
        [DataMember] public string? Reason { get; set; }
    }

    [DataContract]
    public class ExecutionRewoundEvent : HistoryEvent
    {
        public override EventType EventType => EventType.ExecutionRewound;
        [DataMember] public string? Reason { get; set; }
        [DataMember] public string? ParentExecutionId { get; set; }
        [DataMember] public string? InstanceId { get; set; }
        [DataMember] public DistributedTraceContext? ParentTraceContext { get; set; }
    }

    [DataContract]
    public class TaskScheduledEvent : HistoryEvent
    {
        public override EventType EventType => EventType.TaskScheduled;
        [DataMember] public string? Name { get; set; }
        [DataMember] public string? Version { get; set; }
        [DataMember] public string? Input { get; set; }
        [DataMember] public DistributedTraceContext? ParentTraceContext { get; set; }
        [DataMember] public IDictionary<string, string>? Tags { get; set; }
    }

    [DataContract]
    public class TaskCompletedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.TaskCompleted;
        [DataMember] public int TaskScheduledId { get; set; }
        [DataMember] public string? Result { get; set; }
    }

    [DataContract]
    public class TaskFailedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.TaskFailed;
        [DataMember] public int TaskScheduledId { get; set; }
        [DataMember] public string? Reason { get; set; }
        [DataMember] public string? Details { get; set; }
        [DataMember] public FailureDetails? FailureDetails { get; set; }
    }

    [DataContract]
    public class SubOrchestrationInstanceCreatedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.SubOrchestrationInstanceCreated;
        [DataMember] public string? Name { get; set; }
        [DataMember] public string? Version { get; set; }
        [DataMember] public string? InstanceId { get; set; }
        [DataMember] public string? Input { get; set; }
        [DataMember] public string? ClientSpanId { get; set; }
        [DataMember] public IDictionary<string, string>? Tags { get; set; }
    }

    [DataContract]
    public class SubOrchestrationInstanceCompletedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.SubOrchestrationInstanceCompleted;
        [DataMember] public int TaskScheduledId { get; set; }
        [DataMember] public string? Result { get; set; }
    }

    [DataContract]
    public class SubOrchestrationInstanceFailedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.SubOrchestrationInstanceFailed;
        [DataMember] public int TaskScheduledId { get; set; }
        [DataMember] public string? Reason { get; set; }
        [DataMember] public string? Details { get; set; }
        [DataMember] public FailureDetails? FailureDetails { get; set; }
    }

    [DataContract]
    public class TimerCreatedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.TimerCreated;
        [DataMember] public DateTime FireAt { get; set; }
    }

    [DataContract]
    public class TimerFiredEvent : HistoryEvent
    {
        public override EventType EventType => EventType.TimerFired;
        [DataMember] public int TimerId { get; set; }
        [DataMember] public DateTime FireAt { get; set; }
    }

    [DataContract]
    public class OrchestratorStartedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.OrchestratorStarted;
    }

    [DataContract]
    public class OrchestratorCompletedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.OrchestratorCompleted;
    }

    [DataContract]
    public class EventSentEvent : HistoryEvent
    {
        public override EventType EventType => EventType.EventSent;
        [DataMember] public string? InstanceId { get; set; }
        [DataMember] public string? Name { get; set; }
        [DataMember] public string? Input { get; set; }
    }

    [DataContract]
    public class EventRaisedEvent : HistoryEvent
    {
        public override EventType EventType => EventType.EventRaised;
        [DataMember] public string? Name { get; set; }
        [DataMember] public string? Input { get; set; }
        [DataMember] public DistributedTraceContext? ParentTraceContext { get; set; }
    }

    [DataContract]
    public class GenericEvent : HistoryEvent
    {
        [DataMember] public string? Data;
        public override EventType EventType => EventType.GenericEvent;
    }
}
