using Azure;
using Azure.Data.Tables;
using DurableTask.Core;
using DurableTask.Core.History;

namespace DotnetPeer;

/// <summary>Takes partitions by the leases of the Partitions table, and works on what their queues hold.</summary>
sealed class Worker(Hub hub, string workerId)
{
    readonly CancellationTokenSource stopping = new();
    readonly HashSet<string> owned = [];
    Task? running;

    public List<string> Errors { get; } = [];

    public IReadOnlyCollection<string> Owned => owned;

    public void Start() => running = Task.WhenAll(Loop(200, Lease), Loop(50, Orchestrate), Loop(50, Act));

    public async Task Stop()
    {
        await stopping.CancelAsync();
        await running!;
        foreach (TableEntity row in await LeaseRows())
        {
            if (row.GetString("CurrentOwner") == workerId) await Write(row, lease => lease.Remove("CurrentOwner"));
        }
        owned.Clear();
    }

    async Task Loop(int pauseMs, Func<Task> step)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await step();
            }
            catch (Exception error)
            {
                lock (Errors) Errors.Add(error.ToString());
            }
            await Task.Delay(pauseMs);
        }
    }

    // Partitions

    async Task<List<TableEntity>> LeaseRows()
    {
        var rows = new List<TableEntity>();
        await foreach (TableEntity row in hub.Partitions.QueryAsync<TableEntity>()) rows.Add(row);
        return rows;
    }

    async Task<bool> Write(TableEntity row, Action<TableEntity> change)
    {
        change(row);
        try
        {
            await hub.Partitions.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace);
            return true;
        }
        catch (RequestFailedException error) when (error.Status == 412)
        {
            return false;
        }
    }

    async Task Lease()
    {
        var mine = new List<TableEntity>();
        var others = new Dictionary<string, List<TableEntity>>();
        foreach (TableEntity row in await LeaseRows())
        {
            DateTime now = DateTime.UtcNow;
            string? owner = row.GetString("CurrentOwner");
            string? next = row.GetString("NextOwner");
            bool isExpired = row.GetDateTimeOffset("ExpiresAt") is { } expiry && now >= expiry.UtcDateTime;
            if (owner == workerId && next != null && next != workerId)
            {
                lock (owned) owned.Remove(row.RowKey);
                await Write(row, lease => lease.Remove("CurrentOwner"));
            }
            else if (owner == workerId || isExpired || (owner == null && (next == null || next == workerId)))
            {
                bool written = await Write(row, lease =>
                {
                    if (owner != workerId) lease["OwnedSince"] = now;
                    lease["CurrentOwner"] = workerId;
                    lease.Remove("NextOwner");
                    lease["LastRenewal"] = now;
                    lease["ExpiresAt"] = now + TimeSpan.FromSeconds(30);
                    lease["IsDraining"] = false;
                });
                if (!written) continue;
                lock (owned) owned.Add(row.RowKey);
                mine.Add(row);
            }
            else
            {
                lock (owned) owned.Remove(row.RowKey);
                string counted = next ?? owner!;
                if (counted == workerId) mine.Add(row);
                else (others.TryGetValue(counted, out var rows) ? rows : others[counted] = []).Add(row);
            }
        }
        int fair = hub.PartitionCount / (others.Count + 1);
        foreach (TableEntity row in others.Values.SelectMany(rows => rows.Take(Math.Max(0, rows.Count - fair))).Take(fair - mine.Count))
        {
            if (row.GetString("NextOwner") == null) await Write(row, lease => lease["NextOwner"] = workerId);
        }
    }

    // Activities

    async Task Act()
    {
        foreach (Received message in await hub.Receive(hub.WorkItemQueue, 8))
        {
            TaskMessage request = message.Data.TaskMessage!;
            var task = (TaskScheduledEvent)request.Event;
            HistoryEvent answer;
            try
            {
                answer = new TaskCompletedEvent { TaskScheduledId = task.EventId, Result = Orchestrations.RunActivity(task.Name!, task.Input) };
            }
            catch (Exception error)
            {
                answer = new TaskFailedEvent
                {
                    TaskScheduledId = task.EventId,
                    Reason = error.Message,
                    FailureDetails = new FailureDetails(error.GetType().FullName!, error.Message, error.StackTrace, null, false, null),
                };
            }
            OrchestrationInstance waiting = request.OrchestrationInstance;
            await hub.Send(new TaskMessage { Event = answer, OrchestrationInstance = waiting }, waiting, message.Data.Episode ?? -1);
            await hub.Delete(message);
        }
    }

    // Orchestrations

    async Task Orchestrate()
    {
        List<string> queues;
        lock (owned) queues = owned.ToList();
        foreach (string queue in queues)
        {
            IReadOnlyList<Received> received = await hub.Receive(queue, 32);
            foreach (var group in received.GroupBy(message => message.Data.TaskMessage!.OrchestrationInstance.InstanceId))
            {
                await Episode(group.Key, group.OrderBy(message => message.Data.SequenceNumber).ToList());
            }
        }
    }

    async Task Episode(string instanceId, List<Received> messages)
    {
        StoredHistory stored = await hub.Load(instanceId);
        List<HistoryEvent> past = stored.Events.ToList();
        string? executionId = stored.ExecutionId;
        Received? start = messages.Find(message => message.Data.TaskMessage!.Event is ExecutionStartedEvent);
        if (start != null)
        {
            var started = (ExecutionStartedEvent)start.Data.TaskMessage!.Event;
            string newId = started.OrchestrationInstance.ExecutionId!;
            string? rowId = started.ParentInstance == null ? (await hub.InstanceRow(instanceId))?.GetString("ExecutionId") : newId;
            if (rowId != newId)
            {
                await (start.DequeueCount >= 10 ? hub.Delete(start) : hub.Abandon(start));
                messages.Remove(start);
            }
            else if (newId != executionId)
            {
                executionId = newId;
                past.Clear();
            }
        }
        bool isOver = past.Any(item => item is ExecutionCompletedEvent);
        if (isOver || (past.Count == 0 && start == null))
        {
            foreach (Received message in messages) await hub.Delete(message);
            return;
        }

        var taken = new List<Received>();
        foreach (Received message in messages)
        {
            string? target = message.Data.TaskMessage!.OrchestrationInstance.ExecutionId;
            int answered = message.Data.TaskMessage.Event switch
            {
                TaskCompletedEvent item => item.TaskScheduledId,
                TaskFailedEvent item => item.TaskScheduledId,
                SubOrchestrationInstanceCompletedEvent item => item.TaskScheduledId,
                SubOrchestrationInstanceFailedEvent item => item.TaskScheduledId,
                TimerFiredEvent item => item.TimerId,
                _ => -1,
            };
            if (target != null && target != executionId) await hub.Delete(message);
            else if (answered >= 0 && !past.Any(item => item.EventId == answered)) await hub.Abandon(message);
            else taken.Add(message);
        }
        if (taken.Count == 0) return;

        var current = new OrchestrationInstance { InstanceId = instanceId, ExecutionId = executionId };
        int firstIndex = past.Count;
        var fresh = new List<HistoryEvent> { new OrchestratorStartedEvent() };
        fresh.AddRange(taken.Select(message => message.Data.TaskMessage!.Event).OrderBy(item => item is ExecutionStartedEvent ? 0 : 1));
        var replay = new Replay(instanceId);
        List<HistoryEvent> decided = replay.Run([.. past, .. fresh]);
        while (replay.IsContinuedAsNew)
        {
            var earlier = past.Concat(fresh).OfType<ExecutionStartedEvent>().Single();
            executionId = Guid.NewGuid().ToString("N");
            current = new OrchestrationInstance { InstanceId = instanceId, ExecutionId = executionId };
            past.Clear();
            firstIndex = 0;
            fresh =
            [
                new OrchestratorStartedEvent(),
                new ExecutionStartedEvent
                {
                    OrchestrationInstance = current, Name = earlier.Name, Version = earlier.Version, Input = replay.NextInput,
                    Tags = earlier.Tags, ParentInstance = earlier.ParentInstance,
                },
                new OrchestratorCompletedEvent(),
            ];
            replay = new Replay(instanceId);
            decided = replay.Run(fresh);
        }
        fresh.AddRange(decided);
        fresh.Add(new OrchestratorCompletedEvent());

        ExecutionStartedEvent self = past.Concat(fresh).OfType<ExecutionStartedEvent>().Single();
        int episode = past.Concat(fresh).Count(item => item is OrchestratorStartedEvent);
        await Task.WhenAll(decided.Select(item => SendFor(item, self, current, episode)));
        var blobs = new Dictionary<string, string>();
        if (!await hub.Commit(instanceId, executionId!, firstIndex, fresh, stored.Fence, blobs))
        {
            foreach (Received message in taken) await hub.Abandon(message);
            return;
        }
        await hub.MergeInstance(instanceId, RowOf(executionId!, fresh), blobs);
        foreach (Received message in taken) await hub.Delete(message);
    }

    Task SendFor(HistoryEvent item, ExecutionStartedEvent self, OrchestrationInstance current, int episode)
    {
        var context = new OrchestrationExecutionContext { OrchestrationTags = self.Tags ?? new Dictionary<string, string>() };
        switch (item)
        {
            case TaskScheduledEvent:
                return hub.Send(
                    new TaskMessage { Event = item, OrchestrationInstance = current, OrchestrationExecutionContext = context }, current, episode);
            case TimerCreatedEvent timer:
                var fired = new TimerFiredEvent { TimerId = timer.EventId, FireAt = timer.FireAt };
                return hub.Send(new TaskMessage { Event = fired, OrchestrationInstance = current }, current, episode, timer.FireAt);
            case SubOrchestrationInstanceCreatedEvent created:
                var child = new OrchestrationInstance { InstanceId = created.InstanceId!, ExecutionId = Guid.NewGuid().ToString("N") };
                var start = new ExecutionStartedEvent
                {
                    OrchestrationInstance = child, Name = created.Name, Version = created.Version, Input = created.Input, Tags = self.Tags,
                    ParentInstance = new ParentInstance
                    {
                        Name = self.Name, Version = self.Version, OrchestrationInstance = current, TaskScheduleId = created.EventId,
                    },
                };
                return hub.Send(
                    new TaskMessage { Event = start, OrchestrationInstance = child, OrchestrationExecutionContext = context }, current, episode);
            case ExecutionCompletedEvent end when self.ParentInstance is { } parent:
                HistoryEvent answer = end.OrchestrationStatus == OrchestrationStatus.Completed
                    ? new SubOrchestrationInstanceCompletedEvent { TaskScheduledId = parent.TaskScheduleId, Result = end.Result }
                    : new SubOrchestrationInstanceFailedEvent
                    {
                        TaskScheduledId = parent.TaskScheduleId, Reason = end.Result, FailureDetails = end.FailureDetails,
                    };
                return hub.Send(new TaskMessage { Event = answer, OrchestrationInstance = parent.OrchestrationInstance }, current, episode);
            default:
                return Task.CompletedTask;
        }
    }

    static TableEntity RowOf(string executionId, List<HistoryEvent> fresh)
    {
        var row = new TableEntity { ["CustomStatus"] = "null", ["ExecutionId"] = executionId, ["LastUpdatedTime"] = fresh[^1].Timestamp };
        foreach (HistoryEvent item in fresh)
        {
            switch (item)
            {
                case ExecutionStartedEvent started:
                    row["Name"] = started.Name;
                    row["Version"] = started.Version;
                    row["CreatedTime"] = started.Timestamp;
                    row["RuntimeStatus"] = "Running";
                    row["Tags"] = Newtonsoft.Json.JsonConvert.SerializeObject(started.Tags);
                    if (started.Generation is { } generation) row["Generation"] = generation;
                    row["Input"] = started.Input;
                    break;
                case ExecutionCompletedEvent completed:
                    row["RuntimeStatus"] = completed.OrchestrationStatus.ToString();
                    row["CompletedTime"] = completed.Timestamp;
                    row["Output"] = completed.FailureDetails?.ToString() ?? completed.Result;
                    break;
                case ExecutionSuspendedEvent suspended:
                    row["RuntimeStatus"] = "Suspended";
                    row["Output"] = suspended.Reason;
                    break;
                case ExecutionResumedEvent resumed:
                    row["RuntimeStatus"] = "Running";
                    row["Output"] = resumed.Reason;
                    break;
            }
        }
        return row;
    }
}
