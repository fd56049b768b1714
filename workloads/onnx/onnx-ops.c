/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operators that are read. Work of activation functions as in builder-ops.c: an exponential or
 * a division is special, the rest vector work. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/onnx/onnx-op.h"

#define NUMBER(NAME, EXPRESSION)                                                                   \
  static double number_##NAME(const double *x, guint n) {                                          \
    return EXPRESSION;                                                                             \
  }
NUMBER(add, x[0] + x[1])
NUMBER(sub, x[0] - x[1])
NUMBER(mul, x[0] * x[1])
NUMBER(div, x[1] != 0 ? x[0] / x[1] : 0)
NUMBER(mod, x[1] != 0 ? x[0] - floor(x[0] / x[1]) * x[1] : 0)
NUMBER(neg, -x[0])
NUMBER(abs, fabs(x[0]))
NUMBER(not, x[0] == 0)
NUMBER(sqrt, sqrt(MAX(0, x[0])))
NUMBER(floor, floor(x[0]))
NUMBER(ceil, ceil(x[0]))
NUMBER(round, nearbyint(x[0]))
NUMBER(reciprocal, x[0] != 0 ? 1 / x[0] : 0)
NUMBER(power, pow(x[0], x[1]))
NUMBER(equal, x[0] == x[1])
NUMBER(less, x[0] < x[1])
NUMBER(greater, x[0] > x[1])
NUMBER(less_equal, x[0] <= x[1])
NUMBER(greater_equal, x[0] >= x[1])
NUMBER(and, x[0] != 0 && x[1] != 0)
NUMBER(or, x[0] != 0 || x[1] != 0)
NUMBER(where, x[0] != 0 ? x[1] : x[2])

static double number_max(const double *x, guint n) {
  double most = x[0];
  for (guint i = 1; i < n; i++)
    most = MAX(most, x[i]);
  return most;
}

static double number_min(const double *x, guint n) {
  double least = x[0];
  for (guint i = 1; i < n; i++)
    least = MIN(least, x[i]);
  return least;
}

#define RULE(NAME) cs3_onnx_infer_##NAME
#define VIEW(NAME, INPUTS, RULES)                                                                  \
  { "", NAME, INPUTS, RULE(RULES), CS3_ONNX_VIEW }
#define MOVE(NAME, INPUTS, RULES)                                                                  \
  { "", NAME, INPUTS, RULE(RULES), CS3_ONNX_MOVE }
#define POINT(NAME, INPUTS, RULES, VECTOR, SPECIAL, KEEP, COMPUTE)                                 \
  {                                                                                                \
    "", NAME, INPUTS, RULE(RULES), CS3_ONNX_POINTWISE, VECTOR, SPECIAL, CS3_ONNX_KEEP_##KEEP,      \
        COMPUTE                                                                                    \
  }
#define REDUCE(NAME, KEEP)                                                                         \
  { "", NAME, 1, RULE(reduce), CS3_ONNX_REDUCE, 1, 0, CS3_ONNX_KEEP_##KEEP }
#define POOL(NAME, RULES, KEEP)                                                                    \
  { "", NAME, 1, RULE(RULES), CS3_ONNX_REDUCE, 1, 0, CS3_ONNX_KEEP_##KEEP }
#define NORM(DOMAIN, NAME, INPUTS, RULES, VECTOR)                                                  \
  { DOMAIN, NAME, INPUTS, RULE(RULES), CS3_ONNX_NORM, VECTOR, 0, CS3_ONNX_KEEP_INPUT }
#define PRODUCT(DOMAIN, NAME, INPUTS, RULES)                                                       \
  { DOMAIN, NAME, INPUTS, RULE(RULES), CS3_ONNX_PRODUCT }
#define MS "com.microsoft"
#define BREVITAS "onnx.brevitas"
#define QONNX "qonnx.custom_op.general"
#define QUANT(DOMAIN, NAME, INPUTS)                                                                \
  { DOMAIN, NAME, INPUTS, RULE(quantize_linear), CS3_ONNX_POINTWISE, 3, 0, CS3_ONNX_KEEP_NOTHING }

static const Cs3OnnxOp ops[] = {
    /* the same elements */
    VIEW("Identity", 1, same),
    VIEW("Dropout", 1, same),
    VIEW("Cast", 1, cast),
    VIEW("CastLike", 2, cast),
    VIEW("Reshape", 1, reshape),
    VIEW("Flatten", 1, flatten),
    VIEW("Squeeze", 1, squeeze),
    VIEW("Unsqueeze", 1, unsqueeze),
    VIEW("Transpose", 1, transpose),
    /* constants, sizes */
    MOVE("Constant", 0, constant),
    MOVE("ConstantOfShape", 1, constant_of_shape),
    MOVE("Shape", 1, shape),
    MOVE("Size", 1, size),
    MOVE("Range", 3, range),
    MOVE("NonZero", 1, nothing_known),
    MOVE("Unique", 1, nothing_known),
    MOVE("RandomNormalLike", 1, same),
    MOVE("RandomUniformLike", 1, same),
    MOVE("EyeLike", 1, same),
    /* parts, and several side by side */
    {"", "Gather", 2, RULE(gather), CS3_ONNX_TABLE},
    MOVE("GatherElements", 2, gather_elements),
    MOVE("GatherND", 2, gather_elements),
    MOVE("ScatterND", 3, gather_elements),
    MOVE("ScatterElements", 3, gather_elements),
    MOVE("Slice", 1, slice),
    MOVE("Concat", 1, concat),
    MOVE("Split", 1, split),
    MOVE("Expand", 2, expand),
    MOVE("Tile", 2, tile),
    MOVE("Pad", 1, pad),
    MOVE("DepthToSpace", 1, depth_to_space),
    MOVE("SpaceToDepth", 1, space_to_depth),
    MOVE("OneHot", 3, one_hot),
    MOVE("Trilu", 1, same),
    MOVE("ReverseSequence", 2, same),
    {"", "Resize", 1, RULE(resize), CS3_ONNX_MOVE, 4},
    {"", "Upsample", 1, RULE(resize), CS3_ONNX_MOVE, 4},
    {"", "TopK", 1, RULE(top_k), CS3_ONNX_REDUCE, 4},
    {"", "CumSum", 2, RULE(cumulate), CS3_ONNX_REDUCE, 1},
    /* element by element */
    POINT("Add", 2, elementwise, 1, 0, NOTHING, number_add),
    POINT("Sub", 2, elementwise, 1, 0, NOTHING, number_sub),
    POINT("Mul", 2, elementwise, 1, 0, BOTH, number_mul),
    POINT("Div", 2, elementwise, 0, 1, BOTH, number_div),
    POINT("Mod", 2, elementwise, 1, 1, NOTHING, number_mod),
    POINT("Pow", 2, elementwise, 1, 0, INPUT, number_power), /* by small whole numbers: squares */
    POINT("Max", 1, elementwise, 1, 0, BOTH, number_max),
    POINT("Min", 1, elementwise, 1, 0, BOTH, number_min),
    POINT("Sum", 1, elementwise, 1, 0, NOTHING, NULL),
    POINT("Mean", 1, elementwise, 1, 0, NOTHING, NULL),
    POINT("Neg", 1, elementwise, 1, 0, NOTHING, number_neg),
    POINT("Abs", 1, elementwise, 1, 0, INPUT, number_abs),
    POINT("Sqrt", 1, elementwise, 0, 1, OUTPUT, number_sqrt),
    POINT("Reciprocal", 1, elementwise, 0, 1, OUTPUT, number_reciprocal),
    POINT("Exp", 1, elementwise, 0, 1, OUTPUT, NULL),
    POINT("Log", 1, elementwise, 0, 1, INPUT, NULL),
    POINT("Sin", 1, elementwise, 0, 1, INPUT, NULL),
    POINT("Cos", 1, elementwise, 0, 1, INPUT, NULL),
    POINT("Tan", 1, elementwise, 0, 2, OUTPUT, NULL),
    POINT("Asin", 1, elementwise, 1, 2, INPUT, NULL),
    POINT("Acos", 1, elementwise, 1, 2, INPUT, NULL),
    POINT("Atan", 1, elementwise, 1, 2, INPUT, NULL),
    POINT("Sinh", 1, elementwise, 1, 2, INPUT, NULL),
    POINT("Cosh", 1, elementwise, 1, 2, INPUT, NULL),
    POINT("Floor", 1, elementwise, 1, 0, NOTHING, number_floor),
    POINT("Ceil", 1, elementwise, 1, 0, NOTHING, number_ceil),
    POINT("Round", 1, elementwise, 1, 0, NOTHING, number_round),
    POINT("Sign", 1, elementwise, 1, 0, NOTHING, NULL),
    POINT("Clip", 1, same, 2, 0, OUTPUT, NULL),
    POINT("Relu", 1, same, 1, 0, OUTPUT, NULL),
    POINT("LeakyRelu", 1, same, 2, 0, OUTPUT, NULL),
    POINT("PRelu", 2, same, 2, 0, INPUT, NULL),
    POINT("Sigmoid", 1, same, 1, 2, OUTPUT, NULL),
    POINT("Tanh", 1, same, 1, 2, OUTPUT, NULL),
    POINT("HardSigmoid", 1, same, 3, 0, OUTPUT, NULL),
    POINT("HardSwish", 1, same, 4, 0, INPUT, NULL),
    POINT("Elu", 1, same, 2, 1, OUTPUT, NULL),
    POINT("Selu", 1, same, 3, 1, OUTPUT, NULL),
    POINT("Celu", 1, same, 3, 1, INPUT, NULL),
    POINT("Softplus", 1, same, 1, 2, INPUT, NULL),
    POINT("Softsign", 1, same, 2, 1, INPUT, NULL),
    POINT("Mish", 1, same, 2, 4, INPUT, NULL),
    POINT("Erf", 1, same, 6, 2, INPUT, NULL),
    POINT("Gelu", 1, same, 6, 2, INPUT, NULL),
    POINT("Swish", 1, same, 2, 2, INPUT, NULL),
    POINT("ThresholdedRelu", 1, same, 1, 0, OUTPUT, NULL),
    POINT("Shrink", 1, same, 2, 0, OUTPUT, NULL),
    POINT("Where", 3, where, 1, 0, NOTHING, number_where),
    POINT("Equal", 2, compare, 1, 0, NOTHING, number_equal),
    POINT("Less", 2, compare, 1, 0, NOTHING, number_less),
    POINT("Greater", 2, compare, 1, 0, NOTHING, number_greater),
    POINT("LessOrEqual", 2, compare, 1, 0, NOTHING, number_less_equal),
    POINT("GreaterOrEqual", 2, compare, 1, 0, NOTHING, number_greater_equal),
    POINT("And", 2, compare, 1, 0, NOTHING, number_and),
    POINT("Or", 2, compare, 1, 0, NOTHING, number_or),
    POINT("Xor", 2, compare, 1, 0, NOTHING, NULL),
    POINT("Not", 1, compare, 1, 0, NOTHING, number_not),
    POINT("IsNaN", 1, compare, 1, 0, NOTHING, NULL),
    POINT("IsInf", 1, compare, 1, 0, NOTHING, NULL),
    {MS, "FastGelu", 1, RULE(same), CS3_ONNX_POINTWISE, 6, 2, CS3_ONNX_KEEP_INPUT, NULL},
    {MS, "Gelu", 1, RULE(same), CS3_ONNX_POINTWISE, 6, 2, CS3_ONNX_KEEP_INPUT, NULL},
    {MS, "BiasGelu", 2, RULE(same), CS3_ONNX_POINTWISE, 7, 2, CS3_ONNX_KEEP_INPUT, NULL},
    {MS, "QuickGelu", 1, RULE(same), CS3_ONNX_POINTWISE, 2, 2, CS3_ONNX_KEEP_INPUT, NULL},
    /* between widths */
    QUANT("", "QuantizeLinear", 2),
    QUANT("", "DequantizeLinear", 2),
    QUANT(MS, "QuantizeLinear", 2),
    QUANT(MS, "DequantizeLinear", 2),
    QUANT(BREVITAS, "Quant", 4),
    QUANT(BREVITAS, "BipolarQuant", 2),
    QUANT(BREVITAS, "FloatQuant", 1),
    QUANT(BREVITAS, "Trunc", 1),
    QUANT(QONNX, "Quant", 4),
    QUANT(QONNX, "BipolarQuant", 2),
    QUANT(QONNX, "FloatQuant", 1),
    {"", "DynamicQuantizeLinear", 1, RULE(dynamic_quantize), CS3_ONNX_POINTWISE, 5, 0,
     CS3_ONNX_KEEP_NOTHING, NULL},
    {MS, "QLinearAdd", 6, RULE(qlinear), CS3_ONNX_POINTWISE, 4, 0, CS3_ONNX_KEEP_NOTHING, NULL},
    {MS, "QLinearMul", 6, RULE(qlinear), CS3_ONNX_POINTWISE, 4, 0, CS3_ONNX_KEEP_BOTH, NULL},
    {MS, "QLinearSigmoid", 1, RULE(qlinear), CS3_ONNX_POINTWISE, 4, 2, CS3_ONNX_KEEP_OUTPUT, NULL},
    {MS, "QLinearLeakyRelu", 1, RULE(qlinear), CS3_ONNX_POINTWISE, 4, 0, CS3_ONNX_KEEP_OUTPUT,
     NULL},
    {MS, "QLinearGlobalAveragePool", 1, RULE(global_pool), CS3_ONNX_REDUCE, 1, 0,
     CS3_ONNX_KEEP_NOTHING, NULL},
    /* softmax: maximum, shift, sum, division */
    {"", "Softmax", 1, RULE(same), CS3_ONNX_SOFTMAX, 3, 2, CS3_ONNX_KEEP_OUTPUT, NULL},
    {"", "LogSoftmax", 1, RULE(same), CS3_ONNX_SOFTMAX, 4, 1, CS3_ONNX_KEEP_OUTPUT, NULL},
    {"", "Hardmax", 1, RULE(same), CS3_ONNX_SOFTMAX, 2, 0, CS3_ONNX_KEEP_NOTHING, NULL},
    /* fewer elements */
    REDUCE("ReduceSum", NOTHING),
    REDUCE("ReduceMean", NOTHING),
    REDUCE("ReduceMax", BOTH),
    REDUCE("ReduceMin", BOTH),
    REDUCE("ReduceProd", BOTH),
    REDUCE("ReduceL1", INPUT),
    REDUCE("ReduceL2", INPUT),
    REDUCE("ReduceSumSquare", INPUT),
    REDUCE("ReduceLogSumExp", INPUT),
    REDUCE("ReduceLogSum", INPUT),
    {"", "ArgMax", 1, RULE(arg), CS3_ONNX_REDUCE, 1},
    {"", "ArgMin", 1, RULE(arg), CS3_ONNX_REDUCE, 1},
    POOL("MaxPool", pool, BOTH),
    POOL("AveragePool", pool, NOTHING),
    POOL("LpPool", pool, INPUT),
    POOL("GlobalAveragePool", global_pool, NOTHING),
    POOL("GlobalMaxPool", global_pool, BOTH),
    POOL("GlobalLpPool", global_pool, INPUT),
    /* norms */
    NORM("", "BatchNormalization", 5, norm, 4),
    NORM("", "InstanceNormalization", 3, norm, 4),
    NORM("", "LayerNormalization", 2, norm, 4),
    NORM("", "GroupNormalization", 3, norm, 4),
    NORM("", "RMSNormalization", 2, norm, 3),
    NORM("", "LpNormalization", 1, norm, 2),
    NORM("", "MeanVarianceNormalization", 1, norm, 3),
    NORM("", "LRN", 1, norm, 8),
    NORM("", "SimplifiedLayerNormalization", 2, norm, 3),
    NORM(MS, "SkipLayerNormalization", 2, skip_norm, 5),
    NORM(MS, "SkipSimplifiedLayerNormalization", 2, skip_norm, 4),
    NORM(MS, "SimplifiedLayerNormalization", 2, norm, 3),
    NORM(MS, "EmbedLayerNormalization", 1, embed_norm, 6),
    {MS, "RotaryEmbedding", 4, RULE(rotary), CS3_ONNX_POINTWISE, 2, 0, CS3_ONNX_KEEP_NOTHING, NULL},
    {"", "RotaryEmbedding", 3, RULE(rotary), CS3_ONNX_POINTWISE, 2, 0, CS3_ONNX_KEEP_NOTHING, NULL},
    /* products */
    PRODUCT("", "MatMul", 2, matmul),
    PRODUCT("", "Gemm", 2, gemm),
    PRODUCT("", "Conv", 2, conv),
    PRODUCT("", "ConvTranspose", 2, conv_transpose),
    PRODUCT("", "Einsum", 1, einsum),
    PRODUCT("", "LSTM", 3, recurrent),
    PRODUCT("", "GRU", 3, recurrent),
    PRODUCT("", "RNN", 3, recurrent),
    PRODUCT("", "MatMulInteger", 2, matmul_integer),
    PRODUCT("", "ConvInteger", 2, conv_integer),
    PRODUCT("", "QLinearMatMul", 8, qlinear_matmul),
    PRODUCT("", "QLinearConv", 8, qlinear_conv),
    PRODUCT("", "Attention", 3, attention_op),
    PRODUCT(MS, "MatMulIntegerToFloat", 2, matmul_integer),
    PRODUCT(MS, "DynamicQuantizeMatMul", 2, matmul_integer),
    PRODUCT(MS, "FusedConv", 2, conv),
    PRODUCT(MS, "FusedGemm", 2, gemm),
    PRODUCT(MS, "Attention", 2, fused_attention),
    PRODUCT(MS, "GroupQueryAttention", 1, group_query),
    PRODUCT(MS, "MultiHeadAttention", 1, multi_head),
};

const Cs3OnnxOp *cs3_onnx_op_find(const char *domain, const char *name) {
  for (guint i = 0; i < G_N_ELEMENTS(ops); i++)
    if (g_str_equal(ops[i].name, name) && g_str_equal(ops[i].domain, domain))
      return &ops[i];
  return NULL;
}
