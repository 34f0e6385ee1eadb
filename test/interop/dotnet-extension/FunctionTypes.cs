using System.Reflection;
using System.Reflection.Emit;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Newtonsoft.Json.Linq;

namespace DotnetExtension;

/// <summary>Makes of functions in another process what the host indexes: one static method each, as the script host does.</summary>
static class FunctionTypes
{
    /// <summary>The function with a durableClient input.</summary>
    public const string Client = "ReadClientBinding";

    static readonly Dictionary<string, Type> Triggers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["orchestrationTrigger"] = typeof(OrchestrationTriggerAttribute),
        ["activityTrigger"] = typeof(ActivityTriggerAttribute),
        ["entityTrigger"] = typeof(EntityTriggerAttribute),
    };

    public static Type Emit(JArray functions)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Functions"), AssemblyBuilderAccess.Run);
        var type = assembly.DefineDynamicModule("Functions").DefineType("Functions", TypeAttributes.Public);
        foreach (var function in functions)
            EmitTrigger(type, (string)function["name"]!, (string)function["calls"]!, (JObject)function["trigger"]!);
        EmitClient(type, (JObject)functions.First()["trigger"]!);
        return type.CreateType();
    }

    static void EmitTrigger(TypeBuilder type, string name, string calls, JObject trigger)
    {
        var attribute = Triggers[(string)trigger["type"]!];
        var isActivity = attribute == typeof(ActivityTriggerAttribute);
        Type[] parameters = isActivity ? [typeof(string), typeof(string)] : [typeof(string)];
        var method = Define(type, name, typeof(Task<object>), parameters);
        method.DefineParameter(1, ParameterAttributes.None, "value").SetCustomAttribute(Attribute(attribute, trigger));
        if (isActivity) method.DefineParameter(2, ParameterAttributes.None, "instanceId");
        var body = method.GetILGenerator();
        body.Emit(OpCodes.Ldstr, calls);
        body.Emit(OpCodes.Ldarg_0);
        if (isActivity) body.Emit(OpCodes.Ldarg_1);
        else body.Emit(OpCodes.Ldnull);
        body.Emit(OpCodes.Call, typeof(FunctionsWorker).GetMethod(nameof(FunctionsWorker.Call))!);
        body.Emit(OpCodes.Ret);
    }

    static void EmitClient(TypeBuilder type, JObject trigger)
    {
        var method = Define(type, Client, typeof(void), [typeof(string)]);
        method.SetCustomAttribute(new CustomAttributeBuilder(typeof(NoAutomaticTriggerAttribute).GetConstructor([])!, []));
        var requiresGrpc = new JObject { ["durableRequiresGrpc"] = trigger["durableRequiresGrpc"] };
        method.DefineParameter(1, ParameterAttributes.None, "client")
            .SetCustomAttribute(Attribute(typeof(DurableClientAttribute), requiresGrpc));
        var body = method.GetILGenerator();
        body.Emit(OpCodes.Ldarg_0);
        body.Emit(OpCodes.Call, typeof(ClientFunction).GetMethod(nameof(ClientFunction.Receive))!);
        body.Emit(OpCodes.Ret);
    }

    static MethodBuilder Define(TypeBuilder type, string name, Type returnType, Type[] parameters)
    {
        var method = type.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, returnType, parameters);
        var functionName = typeof(FunctionNameAttribute).GetConstructor([typeof(string)])!;
        method.SetCustomAttribute(new CustomAttributeBuilder(functionName, [name]));
        return method;
    }

    /// <summary>Members of a binding become properties of its attribute, whatever the case of their letters.</summary>
    static CustomAttributeBuilder Attribute(Type type, JObject binding)
    {
        var properties = type.GetProperties().Where(property => property.CanWrite)
            .Select(property => (property, value: binding.GetValue(property.Name, StringComparison.OrdinalIgnoreCase)))
            .Where(found => found.value is { Type: not JTokenType.Null })
            .ToArray();
        return new CustomAttributeBuilder(
            type.GetConstructor([])!,
            [],
            [.. properties.Select(found => found.property)],
            [.. properties.Select(found => found.value!.ToObject(found.property.PropertyType))]);
    }
}

public static class ClientFunction
{
    public static string? Binding { get; private set; }

    public static void Receive(string binding) => Binding = binding;
}
